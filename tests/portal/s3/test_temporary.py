"""Links for people end when they say, and say when they end."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from portal.s3 import session, temporary
from tests.store import leave_store, use_store

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def store(settings: Any):
    use_store(settings, "http://127.0.0.1:1", browser_endpoint_url="http://store.test")
    yield
    leave_store()


def seconds_in(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


def signing_keys(monkeypatch: pytest.MonkeyPatch, *, token: str, end: datetime | None) -> None:
    keys = SimpleNamespace(
        get_frozen_credentials=lambda: ReadOnlyCredentials("a", "b", token), _expiry_time=end
    )
    made = session.session()
    monkeypatch.setattr(made, "get_credentials", lambda: keys)


def test_lasting_keys_sign_for_as_long_as_asked() -> None:
    link = temporary.make("bucket", "key", seconds=3_600, version_id="v")

    assert 3_598 <= seconds_in(link.url) <= 3_600
    assert "versionId=v" in link.url
    assert not link.may_end_sooner


def test_no_link_lasts_longer_than_seven_days() -> None:
    """95"""
    link = temporary.make("bucket", "key", seconds=10**9)

    assert seconds_in(link.url) <= temporary.MAX_SECONDS
    assert link.ends_at <= datetime.now(UTC) + WEEK


def test_link_ends_with_the_keys_of_the_session(monkeypatch) -> None:
    """94"""
    end = datetime.now(UTC) + timedelta(minutes=20)
    signing_keys(monkeypatch, token="temporary", end=end)

    link = temporary.make("bucket", "key", seconds=86_400)

    assert link.ends_at == end
    assert seconds_in(link.url) <= 1_200
    assert not link.may_end_sooner


def test_temporary_keys_of_unknown_end_are_told(monkeypatch) -> None:
    signing_keys(monkeypatch, token="temporary", end=None)

    assert temporary.make("bucket", "key", seconds=60).may_end_sooner


@pytest.mark.parametrize(
    ("key", "opens"), [("a/b", True), ("a/../b", False), ("./a", False), ("a..b", True), ("..", False)]
)
def test_keys_that_browsers_change_are_known(key, opens) -> None:
    assert temporary.opens_in_browsers(key) is opens
