"""Keys that are over are read anew, and clients are made once as long as they are not."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import Session as BotocoreSession

from portal.aws import clients
from portal.aws.errors import Refused, translated
from portal.s3 import buckets, identity, renewal, session
from portal.s3.errors import AccessRefused, S3Error
from tests.servers import Store
from tests.store import answering, leave_store, refusal, use_store

pytestmark = pytest.mark.servers


@pytest.fixture
def profile(
    settings: Any, seaweedfs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Write the profile that the connection names; another connection has another one."""
    file = tmp_path / "credentials"

    def write(access_key: str, token: str = "") -> None:
        keys = {"aws_access_key_id": access_key, "aws_secret_access_key": seaweedfs.secret_key}
        keys |= {"aws_session_token": token} if token else {}
        lines = [f"[{name}]\n" + "".join(f"{one} = {said}\n" for one, said in keys.items()) for name in "ab"]
        file.write_text("".join(lines))

    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setattr(renewal, "_renewed", {})
    use_store(settings, seaweedfs.endpoint_url)
    chosen = settings.S3_CONNECTIONS["default"] | {"profile": "a"}
    settings.S3_CONNECTIONS = {"default": chosen, "other": chosen | {"profile": "b"}}
    session.forget()
    yield write
    session.forget()
    clients.forget()
    leave_store()


def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the service of each client that is made from now on."""
    found: list[str] = []
    whole = BotocoreSession.create_client

    def counted(self: Any, service: str, *arguments: Any, **options: Any) -> Any:
        found.append(service)
        return whole(self, service, *arguments, **options)

    monkeypatch.setattr(BotocoreSession, "create_client", counted)
    return found


def test_next_call_has_the_keys_that_stand_in_the_profile_by_then(profile: Any, seaweedfs: Store) -> None:
    profile("NOTKNOWNTOTHESTORE")
    with pytest.raises(AccessRefused):
        list(buckets.every())

    profile(seaweedfs.access_key)

    list(buckets.every())


def test_other_connections_keep_their_clients(profile: Any, seaweedfs: Store) -> None:
    profile(seaweedfs.access_key)
    other, mine = session.client("other"), session.client()

    session.renew()

    assert session.client("other") is other
    assert session.client() is not mine


def test_refusals_in_a_row_make_one_session(
    profile: Any, seaweedfs: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks thirty questions: thirty sessions would take longer than it may."""
    monkeypatch.setattr(renewal, "LEAST_SECONDS", 3_600)
    profile("NOTKNOWNTOTHESTORE")
    session.client()
    found = made(monkeypatch)

    for _time in range(20):
        with pytest.raises(AccessRefused):
            list(buckets.every())

    assert found == ["s3"]


@pytest.mark.parametrize(("token", "renews"), [("a-token", True), ("", False)])
def test_head_that_says_no_reason_counts_where_the_keys_may_have_ended(
    profile: Any, seaweedfs: Store, token: str, renews: bool
) -> None:
    profile(seaweedfs.access_key, token)
    before = session.client()

    with answering("HeadBucket", refusal(400, "", body=" ")), pytest.raises(S3Error):
        buckets.exists("a-bucket")

    assert (session.client() is not before) == renews


def test_what_is_refused_for_want_of_a_right_renews_nothing(profile: Any, seaweedfs: Store) -> None:
    profile(seaweedfs.access_key, "a-token")
    before = session.client()

    with answering("ListBuckets", refusal(403, "AccessDenied")), pytest.raises(AccessRefused):
        list(buckets.every())

    assert session.client() is before


def test_clients_of_other_services_are_renewed_with_the_session(
    profile: Any, seaweedfs: Store, settings: Any
) -> None:
    settings.SERVICES_CONNECTION, settings.SERVICES_ENDPOINT_URL = "default", seaweedfs.endpoint_url
    profile(seaweedfs.access_key)
    before, of_s3 = clients.client("dynamodb"), session.client()
    assert clients.client("dynamodb") is before

    def over(**_event: Any) -> AWSResponse:
        body = json.dumps({"__type": "com.amazonaws#ExpiredTokenException", "message": "ended"}).encode()
        answer: Any = AWSResponse("http://dynamodb.test/", 400, HTTPHeaders(), None)
        answer._content = body
        return answer

    before.meta.events.register_first("before-send.dynamodb", over)
    with pytest.raises(Refused, match="ended"), translated("ListTables"):
        before.list_tables()

    assert clients.client("dynamodb") is not before
    assert session.client() is not of_s3


def test_program_that_says_an_end_is_asked_again_before_it(
    settings: Any, profile: Any, seaweedfs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore does that by itself: no session of ours is made for it."""
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    program = tmp_path / "keys.py"
    program.write_text(
        "import json, pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "number = int(count.read_text()) + 1 if count.exists() else 1\n"
        "count.write_text(str(number))\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'KEY{number}', 'SecretAccessKey': 's',\n"
        f"                  'SessionToken': 't', 'Expiration': {soon!r}}}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[profile program]\ncredential_process = {sys.executable} {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    settings.S3_CONNECTIONS["default"]["profile"] = "program"
    session.forget()

    first, second = session.credentials(), session.credentials()

    assert first.access_key != second.access_key
    source = identity.source()
    assert (source.method, source.are_renewed) == ("custom-process", True)
