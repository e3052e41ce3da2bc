"""One client for a process, an alias and a set of time-outs."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from unittest.mock import MagicMock

import pytest

from portal.s3 import session
from portal.s3.errors import AccessRefused, Unsupported
from portal.s3.session import Timeouts
from tests import store


@pytest.fixture(autouse=True)
def two_connections(settings):
    store.use_store(settings, "http://127.0.0.1:1", browser_endpoint_url="http://browser.test")
    settings.S3_CONNECTIONS = {
        **settings.S3_CONNECTIONS,
        "other": {**settings.S3_CONNECTIONS["default"], "region": "eu-central-1"},
    }
    session.forget()
    yield
    store.leave_store()


def test_client_is_made_once_also_for_threads_that_come_together() -> None:
    together = Barrier(8)

    def ask(_number: int) -> int:
        together.wait()
        return id(session.client())

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))

    assert found == {id(session.client())}


def test_client_differs_by_alias_timeouts_and_audience() -> None:
    made = {
        id(session.client()),
        id(session.client("other")),
        id(session.client(timeouts=Timeouts.WORKER)),
        id(session.client(for_browser=True)),
    }

    assert len(made) == 4


def test_client_for_browsers_has_their_address() -> None:
    assert session.client(for_browser=True).meta.endpoint_url == "http://browser.test"
    assert session.client().meta.endpoint_url == "http://127.0.0.1:1"


def test_web_calls_end_before_gunicorn_loses_patience() -> None:
    config: Any = session.client().meta.config  # its options are set at run time
    connect, read, requests = Timeouts.WEB.value

    assert (config.connect_timeout, config.read_timeout) == (connect, read)
    assert config.retries["total_max_attempts"] == requests
    assert requests * (connect + read) < 30


def test_forked_child_has_a_client_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = session.client()
    monkeypatch.setattr(os, "getpid", lambda: 1)

    assert session.client() is not parents
    assert session.session() is session.session()


def test_region_is_the_connections_own() -> None:
    assert session.region() == "us-east-1"
    assert session.region("other") == "eu-central-1"


def test_unknown_alias_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        session.client("nowhere")


def test_no_credentials_is_a_refusal_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    session.forget()

    with pytest.raises(AccessRefused, match="storage operator"):
        session.credentials()


ROLE = "arn:aws:iam::111122223333:role/portal"


@pytest.fixture
def roles_given(settings, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests for a role's keys, each answered with keys that end in a minute: a new one is due soon."""
    asked: list[dict[str, Any]] = []

    class Security(MagicMock):
        def assume_role(self, **given: Any) -> dict[str, Any]:
            asked.append(given)
            return {
                "Credentials": {
                    "AccessKeyId": f"ROLEKEY{len(asked)}",
                    "SecretAccessKey": "secret",
                    "SessionToken": "token",
                    "Expiration": datetime.now(UTC) + timedelta(seconds=60),
                }
            }

    def create_client(_self: Any, service: str, **_options: Any) -> Any:
        assert service == "sts"
        return Security()

    monkeypatch.setattr("botocore.session.Session.create_client", create_client)
    guarded = {**settings.S3_CONNECTIONS["default"], "role_arn": ROLE, "external_id": "shared word"}
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "guarded": guarded}
    return asked


def test_role_is_taken_on_when_keys_are_needed_and_renewed_before_they_end(roles_given) -> None:
    session.session("guarded")
    assert roles_given == []

    first = session.credentials("guarded")
    second = session.credentials("guarded")

    assert roles_given[0]["RoleArn"] == ROLE
    assert roles_given[0]["ExternalId"] == "shared word"
    assert (first.access_key, first.token) == ("ROLEKEY1", "token")
    assert second.access_key != first.access_key


def test_role_of_one_connection_is_not_that_of_another(roles_given) -> None:
    session.credentials("guarded")

    assert session.credentials().access_key == "testing"


def test_signed_addresses_do_not_ask_browsers_for_the_owner(settings) -> None:
    owned = {**settings.S3_CONNECTIONS["default"], "expected_owner": "111122223333"}
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "owned": owned}
    params = {"Bucket": "photos", "Key": "a.jpg"}

    url = session.client("owned", for_browser=True).generate_presigned_url("put_object", Params=params)

    assert "owner" not in url


def test_accounts_are_asked_about_at_amazon_alone() -> None:
    with pytest.raises(Unsupported):
        session.control_client()
    with pytest.raises(Unsupported):
        session.account_id()


def test_account_that_is_set_is_not_asked_for(settings) -> None:
    owned = {**settings.S3_CONNECTIONS["default"], "expected_owner": "111122223333"}
    settings.S3_CONNECTIONS = {**settings.S3_CONNECTIONS, "owned": owned}

    assert session.account_id("owned") == "111122223333"
