"""The light way gives what botocore gives, of any answer, and leaves what is no success to it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.s3.light_calls import make_light
from tests.portal.s3.scripted_store import ScriptedStore, answer, scripted_store

ATTEMPTS = 3
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "head": ("head_object", {"Bucket": "any", "Key": "a b/ü+?.jpg", "VersionId": "v/1"}),
    "copy": (
        "copy_object",
        {"Bucket": "any", "Key": "b", "CopySource": {"Bucket": "any", "Key": "ü"}, "IfNoneMatch": "*"},
    ),
    "delete": ("delete_object", {"Bucket": "any", "Key": "a", "VersionId": "1"}),
    "ownership": ("get_bucket_ownership_controls", {"Bucket": "any"}),
}
COPIED = (
    b'<?xml version="1.0"?><CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<ETag>&quot;e&quot;</ETag><LastModified>2026-11-22T05:57:22.12Z</LastModified></CopyObjectResult>"
)
OWNED = (
    b"<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
    b"</OwnershipControls>"
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
HEADERS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                ["x-amz-meta-A", "X-Amz-Meta-b", "x-amz-meta-a", "Expires", "ETag", "x-amz-storage-class",
                 "x-amz-version-id", "x-amz-request-id", "x-amz-id-2", "x-amz-restore", "x-unknown"]
            ),
            VALUES,
        ),
        st.tuples(st.just("Last-Modified"), st.sampled_from(["Sun, 22 Nov 2026 05:57:22 GMT", "never"])),
        st.tuples(st.just("x-amz-object-lock-retain-until-date"), st.just("2030-01-01T00:00:00.000Z")),
        st.tuples(st.sampled_from(["x-amz-mp-parts-count", "x-amz-missing-meta"]), st.sampled_from("3x")),
        st.tuples(
            st.sampled_from(["x-amz-delete-marker", "x-amz-server-side-encryption-bucket-key-enabled"]),
            st.sampled_from(["true", "false", "True"]),
        ),
    ),
    max_size=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[ScriptedStore]:
    with scripted_store() as running:
        yield running


@pytest.fixture
def clients(store: ScriptedStore) -> Iterator[tuple[Any, Any]]:
    """The light one, and botocore's own; new for each test, for failures use up the right to try again."""
    made = [_client(store.url) for _ in range(2)]
    make_light(made[0])
    yield made[0], made[1]
    for client in made:
        client.close()


def _client(url: str) -> Any:
    return boto3.client(
        "s3",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        region_name="us-east-1",
        endpoint_url=url,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            signature_version="s3v4",  # as portal.s3.session has it
            s3={"addressing_style": "path"},
        ),
    )


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch, store: ScriptedStore) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    store.requests.clear()


def asked(client: Any, what: str) -> Any:
    """Return the answer, or what the error says."""
    name, params = ASKED[what]
    try:
        found = getattr(client, name)(**params)
    except ClientError as error:
        return type(error).__name__, error.response
    except Exception as error:  # noqa: BLE001 - any is part of what is compared
        return type(error).__name__
    return found


@given(
    what=st.sampled_from(sorted(ASKED)),
    status=st.sampled_from([200, 200, 200, 204, 206]),
    headers=HEADERS,
    body=st.sampled_from([b"", COPIED, OWNED, b"<Error><Code>SlowDown</Code></Error>", b"<Cop", b"<Other/>"]),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_answer_is_what_botocore_reads(clients, store, what, status, headers, body) -> None:
    is_bodiless = what == "head" or status == 204
    said = [f"{name}: {value}" for name, value in headers]
    store.answers = [answer(status, *said, body=b"" if is_bodiless else body)]

    light, own = (asked(client, what) for client in clients)

    assert light == own


@pytest.mark.parametrize(
    ("what", "body"), [("head", b""), ("delete", b""), ("copy", COPIED), ("ownership", OWNED)]
)
def test_success_takes_the_light_way(clients, store, monkeypatch, what, body) -> None:
    store.answers = [answer(200, body=body)]
    endpoint = clients[0]._endpoint
    monkeypatch.setattr(endpoint, "create_request", None)  # where botocore's own way begins

    assert asked(clients[0], what)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("what", sorted(ASKED))
def test_request_asks_what_botocores_asks(clients, store, what) -> None:
    store.answers = [answer(200, body=b"")] if what == "head" else [answer(200, body=COPIED)]

    for client in clients:
        asked(client, what)

    light, own = store.requests[0], store.requests[-1]
    assert light.splitlines()[0] == own.splitlines()[0]
    assert _meant(light) == _meant(own)


def _meant(request: bytes) -> dict[bytes, bytes]:
    """Return the headers but those of a moment, and what botocore tells of itself and its attempts."""
    told = dict(line.lower().split(b": ", 1) for line in request.splitlines()[1:])
    ours = (b"amz-sdk", b"x-amz-date", b"authorization", b"user-agent")
    return {name: value for name, value in told.items() if not name.startswith(ours)}


@pytest.mark.parametrize(
    ("status", "count"), [(404, 1), (403, 1), (412, 1), (503, ATTEMPTS), (500, ATTEMPTS), (301, 1)]
)
@pytest.mark.parametrize("what", ["head", "copy"])
def test_refusal_is_asked_as_often_as_by_botocore_alone(clients, store, what, status, count) -> None:
    body = b"" if what == "head" else b"<Error><Code>SomeCode</Code><Message>no</Message></Error>"
    store.answers = [answer(status, "x-amz-request-id: R", body=body)]

    found = asked(clients[0], what)

    if status == 301:  # botocore then asks where the bucket is
        assert all(b"HEAD /any HTTP" in one or one.split()[0] in b"HEAD PUT" for one in store.requests)
    else:
        assert len(store.requests) == count
    assert found == asked(clients[1], what)


def test_busy_store_is_asked_again(clients, store) -> None:
    store.answers = [answer(503), answer(200, "ETag: e", "Content-Type: a/b")]

    assert asked(clients[0], "head")["ETag"] == "e"
    assert len(store.requests) == 2


def test_lost_answer_is_asked_for_again(clients, store) -> None:
    store.answers = [b"", answer(200, "ETag: e")]

    assert asked(clients[0], "head")["ETag"] == "e"
    assert len(store.requests) == 2


def test_error_inside_a_200_is_asked_again(clients, store) -> None:
    busy = answer(200, body=b"<Error><Code>InternalError</Code></Error>")
    store.answers = [busy, answer(200, body=COPIED)]

    assert asked(clients[0], "copy")["CopyObjectResult"]["ETag"] == '"e"'
    assert len(store.requests) == 2
