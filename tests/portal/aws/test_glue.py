"""Glue as a real server answers (MiniStack, a process); what it lacks, by the shapes of the documentation."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.stub import Stubber

from portal.aws import clients, glue
from portal.aws.clients import client
from portal.aws.errors import (
    BadValue,
    Busy,
    NotThere,
    Refused,
    ServiceError,
    ServiceUnavailable,
)
from portal.local import ports
from tests.contract import stores

SCRIPT = b"""\
import os, sys, time
time.sleep(float(os.environ.get("wait", "0")))
sys.exit(os.environ.get("fail") or 0)
"""

Job = Callable[[], str]


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stores.Endpoint]:
    with stores.ministack(tmp_path_factory.mktemp("glue")) as found:
        store: Any = boto3.client(
            "s3", endpoint_url=found.endpoint_url, region_name=found.region,
            aws_access_key_id=found.access_key, aws_secret_access_key=found.secret_key,
        )  # fmt: skip
        store.create_bucket(Bucket="scripts")
        store.put_object(Bucket="scripts", Key="script.py", Body=SCRIPT)
        store.close()
        yield found


@pytest.fixture
def job(ministack: stores.Endpoint, settings: Any) -> Iterator[str]:
    """A job that waits, fails or succeeds as its arguments say."""
    settings.SERVICES_ENDPOINT_URL = ministack.endpoint_url
    name = f"job-{uuid4().hex[:8]}"
    assert glue.make_shell_job(name, script="s3://scripts/script.py", role="glue")
    yield name
    clients.forget()


def ended(job: str, run_id: str) -> glue.Run:
    for _try in range(200):
        run = glue.run(job, run_id)
        if run.has_ended:
            return run
        time.sleep(0.05)
    raise AssertionError(run)


@pytest.mark.servers
def test_run_goes_from_start_to_its_end(job: str) -> None:
    run_id = glue.start(job, {"--wait": "0.3", "--portal-run": "marker"})

    run = glue.run(job, run_id)
    assert run.state in {"STARTING", "RUNNING"}
    assert not run.has_ended
    assert run.arguments["--portal-run"] == "marker"
    last = ended(job, run_id)
    assert (last.state, last.error) == ("SUCCEEDED", "")
    assert last.started_at is not None
    assert last.ended_at is not None


@pytest.mark.servers
def test_failure_comes_with_what_the_script_said(job: str) -> None:
    run = ended(job, glue.start(job, {"--fail": "no such <table>"}))

    assert run.state == "FAILED"
    assert "no such <table>" in run.error


@pytest.mark.servers
def test_run_is_stopped_and_one_that_has_ended_is_not(job: str) -> None:
    run_id = glue.start(job, {"--wait": "2"})
    glue.stop(job, run_id)
    assert glue.run(job, run_id).state == "STOPPED"

    done = ended(job, glue.start(job, {}))
    with pytest.raises(ServiceError, match="does not stop") as error:
        glue.stop(job, done.run_id)
    assert error.value.code == "InvalidInputException"


@pytest.mark.servers
def test_run_is_found_by_its_argument(job: str) -> None:
    run_id = glue.start(job, {"--portal-run": "this"})
    glue.start(job, {"--portal-run": "another"})

    found = glue.find(job, "--portal-run", "this")

    assert found is not None
    assert found.run_id == run_id
    assert glue.find(job, "--portal-run", "none") is None


@pytest.mark.servers
def test_what_is_not_there_is_said(job: str) -> None:
    with pytest.raises(NotThere):
        glue.start("no-such-job", {})
    with pytest.raises(NotThere):
        glue.run(job, "no-such-run")
    assert glue.exists(job)
    assert not glue.exists("no-such-job")
    assert not glue.make_shell_job(job, script="s3://scripts/script.py", role="glue")


@pytest.fixture
def stubbed(settings: Any) -> Iterator[Callable[..., Stubber]]:
    """Answers as Amazon documents them, where the emulator has none: paging, limits, refusals."""
    made: list[Stubber] = []

    def stub(*, requests: int = clients._REQUESTS) -> Stubber:
        stubber = Stubber(client("glue", requests=requests))
        stubber.activate()
        made.append(stubber)
        return stubber

    yield stub
    for stubber in made:
        stubber.assert_no_pending_responses()
        stubber.deactivate()
    clients.forget()


def test_all_pages_of_runs_are_read_also_behind_an_empty_one(stubbed: Callable[..., Stubber]) -> None:
    stub = stubbed()
    pages: list[tuple[list[str], str]] = [(["jr_2"], "a"), ([], "b"), (["jr_1"], "")]
    token = ""
    for ids, following in pages:
        answer: dict[str, Any] = {"JobRuns": [{"Id": one, "JobRunState": "RUNNING"} for one in ids]}
        asked = {"JobName": "j", "MaxResults": glue.PAGE} | ({"NextToken": token} if token else {})
        stub.add_response("get_job_runs", answer | ({"NextToken": following} if following else {}), asked)
        token = following

    assert [run.run_id for run in glue.runs("j")] == ["jr_2", "jr_1"]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ConcurrentRunsExceededException", 400, Busy),
        ("ResourceNumberLimitExceededException", 400, Busy),
        ("ThrottlingException", 400, Busy),
        ("InternalServiceException", 500, ServiceUnavailable),
        ("OperationTimeoutException", 400, ServiceUnavailable),
        ("InvalidInputException", 400, BadValue),
        ("AccessDeniedException", 400, Refused),
        ("EntityNotFoundException", 400, NotThere),
    ],
)
def test_errors_of_a_start_say_whether_it_may_have_begun(
    stubbed: Callable[..., Stubber], code: str, status: int, kind: type[ServiceError]
) -> None:
    stubbed(requests=1).add_client_error("start_job_run", code, "for a test", status)

    with pytest.raises(ServiceError) as error:
        glue.start("j", {})

    assert type(error.value) is kind
    assert error.value.operation == "StartJobRun"


@pytest.mark.parametrize("state", ["TIMEOUT", "ERROR", "EXPIRED"])
def test_ends_that_the_emulator_never_has(stubbed: Callable[..., Stubber], state: str) -> None:
    run = {
        "Id": "jr_1", "JobName": "j", "JobRunState": state, "ErrorMessage": "said", "ExecutionTime": 61,
        "StartedOn": datetime(2026, 1, 1, tzinfo=UTC), "CompletedOn": datetime(2026, 1, 2, tzinfo=UTC),
        "LogGroupName": "/aws-glue/jobs",
    }  # fmt: skip
    stubbed().add_response("get_job_run", {"JobRun": run}, {"JobName": "j", "RunId": "jr_1"})

    said = glue.run("j", "jr_1")

    assert said.has_ended
    assert (said.state, said.error, said.seconds, said.log_group) == (state, "said", 61, "/aws-glue/jobs")


@pytest.mark.parametrize("state", ["STARTING", "RUNNING", "STOPPING", "WAITING", "SOMETHING_NEW"])
def test_any_other_state_goes_on(state: str) -> None:
    assert not glue.Run("jr_1", state).has_ended


def test_start_is_sent_once(settings: Any) -> None:
    """botocore would repeat it when the answer is lost, and Glue start it twice."""
    settings.SERVICES_ENDPOINT_URL = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"
    sent: list[str] = []
    events = client("glue", requests=1).meta.events
    events.register("before-send.glue.StartJobRun", lambda **_event: sent.append("once"))

    with pytest.raises(ServiceUnavailable):
        glue.start("j", {})

    clients.forget()
    assert sent == ["once"]


def test_logs_are_where_amazons_console_has_them(settings: Any) -> None:
    settings.SERVICES_ENDPOINT_URL = ""

    address = glue.log_url("jr_1", "/aws-glue/jobs", "eu-central-1")

    assert address == (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
        "#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Foutput/log-events/jr_1"
    )
    assert "console.amazonaws.cn" in glue.log_url("jr_1", "/aws-glue/jobs", "cn-north-1")
    assert glue.log_url("jr_1", "", "eu-central-1") == ""
    settings.SERVICES_ENDPOINT_URL = "http://127.0.0.1:1"
    assert glue.log_url("jr_1", "/aws-glue/jobs", "eu-central-1") == ""
