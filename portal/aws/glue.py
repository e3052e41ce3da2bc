"""Glue: starting a job that is there, following its runs, stopping them.

Glue has no token by which a second StartJobRun would be known for the first: whoever must start a run
once puts a marker among its arguments, and looks for it (`find`) before trying again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from portal.aws.clients import client
from portal.aws.errors import Exists, ServiceError, translated

# Whatever else Glue says, the run goes on.
ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})
PAGE = 200  # the most that GetJobRuns gives at once
_SHELL = "pythonshell"
_CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True)
class Run:
    """One run as Glue tells it; `seconds` are those at work, which are billed."""

    run_id: str
    state: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int = 0
    log_group: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


def start(job: str, arguments: Mapping[str, str]) -> str:
    """Start a run of the job and return its id.

    The call is sent once. After ServiceUnavailable nobody knows whether it was begun; after Busy, and any
    other error of the tree, it was not. Busy is also what a job says that runs as often as it may.
    """
    with translated("StartJobRun"):
        glue = client("glue", requests=1)
        return str(glue.start_job_run(JobName=job, Arguments=dict(arguments))["JobRunId"])


def run(job: str, run_id: str) -> Run:
    """Return the run as it is now. NotThere for one that Glue has not, or has forgotten."""
    with translated("GetJobRun"):
        return _read(client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"])


def runs(job: str) -> Iterator[Run]:
    """Yield the job's runs, the newest first at Amazon, page by page."""
    token: dict[str, str] = {}
    while True:
        with translated("GetJobRuns"):
            page = client("glue").get_job_runs(JobName=job, MaxResults=PAGE, **token)
        yield from map(_read, page.get("JobRuns", []))
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def find(job: str, argument: str, value: str) -> Run | None:
    """Return the run that was started with this argument; None where there is none."""
    return next((one for one in runs(job) if one.arguments.get(argument) == value), None)


def stop(job: str, run_id: str) -> None:
    """Ask Glue to stop the run, which takes a while. ServiceError with Glue's reason where it does not.

    A run that has ended is such a reason (InvalidInputException, by the documentation and the emulator).
    """
    with translated("BatchStopJobRun"):
        answer = client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    for one in answer.get("Errors", []):
        said = one.get("ErrorDetail", {})
        raise ServiceError(
            _("Glue does not stop the run: %(said)s") % {"said": said.get("ErrorMessage", "")},
            operation="BatchStopJobRun", code=said.get("ErrorCode", ""),
        )  # fmt: skip


def exists(job: str) -> bool:
    """Whether the account has a job of this name. Other refusals than its absence are raised."""
    with translated("GetJob"):
        glue = client("glue")
        try:
            glue.get_job(JobName=job)
        except glue.exceptions.EntityNotFoundException:
            return False
    return True


def make_shell_job(job: str, *, script: str, role: str) -> bool:
    """Make a job that runs a Python script, "s3://bucket/key"; False if there is one of this name."""
    try:
        with translated("CreateJob"):
            client("glue").create_job(
                Name=job, Role=role,
                Command={"Name": _SHELL, "ScriptLocation": script, "PythonVersion": "3.9"},
            )  # fmt: skip
    except Exists:
        return False
    return True


def log_url(run_id: str, log_group: str, region: str, stream: str = "output") -> str:
    """Return the page of CloudWatch with what the run wrote ("output" or "error").

    Empty where Glue named no group of logs, and where no Amazon answers.
    """
    if not log_group or settings.SERVICES_ENDPOINT_URL:
        return ""
    partition = next((name for name in _CONSOLES if region.startswith(f"{name}-")), "")
    host = f"{region}.{_CONSOLES.get(partition, 'console.aws.amazon.com')}"
    group = _twice_quoted(f"{log_group.rstrip('/')}/{stream}")
    return (
        f"https://{host}/cloudwatch/home?region={region}"
        f"#logsV2:log-groups/log-group/{group}/log-events/{_twice_quoted(run_id)}"
    )


def _twice_quoted(text: str) -> str:
    """Quote as the console does in its own addresses: twice, and with $ for %."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")


def _read(said: Mapping[str, Any]) -> Run:
    return Run(
        run_id=said["Id"],
        state=said.get("JobRunState", ""),
        arguments=said.get("Arguments", {}),
        error=said.get("ErrorMessage", ""),
        started_at=said.get("StartedOn"),
        ended_at=said.get("CompletedOn"),
        seconds=said.get("ExecutionTime", 0),
        log_group=said.get("LogGroupName", ""),
    )
