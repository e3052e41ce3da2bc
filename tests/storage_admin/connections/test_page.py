"""The page of the connections: as whom the portal goes where, and never a key."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from portal.s3 import identity, session
from portal.s3.errors import AccessRefused, Unsupported
from storage_admin.connections import facts
from tests.contract import stores
from tests.factories import BucketFactory, UserFactory
from tests.servers import Store
from tests.store import leave_store, use_store

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
ROLE = "arn:aws:iam::000000000000:role/portal"


@pytest.fixture
def address() -> str:
    return reverse("admin:storage_admin_bucket_connections")


@pytest.fixture
def several(
    ministack: stores.Endpoint,
    seaweedfs: Store,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[dict[str, Any]]:
    """SeaweedFS by default, and a simulator of Amazon by a profile, and by a role with an external id."""
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[simulator]\naws_access_key_id = PROFILEKEYID\naws_secret_access_key = profile-secret\n"
        "[temporary]\naws_access_key_id = TEMPORARYKEYID\naws_secret_access_key = temporary-secret\n"
        "aws_session_token = temporary-token\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_key)
    _make_role(ministack)
    use_store(settings, seaweedfs.endpoint_url)
    simulated = {"endpoint_url": ministack.endpoint_url, "region": "eu-central-1", "server": "ministack"}
    settings.S3_CONNECTIONS = {
        "default": {**settings.S3_CONNECTIONS["default"], "server": "seaweedfs"},
        "simulator": {**simulated, "profile": "simulator", "expected_owner": "111122223333"},
        "role": {**simulated, "profile": "simulator", "role_arn": ROLE, "external_id": "a shared word"},
        "temporary": {**simulated, "profile": "temporary"},
    }
    session.forget()
    yield settings.S3_CONNECTIONS
    session.forget()
    leave_store()


def _make_role(simulator: stores.Endpoint) -> None:
    iam = boto3.client(
        "iam", endpoint_url=simulator.endpoint_url, region_name="us-east-1",
        aws_access_key_id="simulated", aws_secret_access_key="simulated",
    )  # fmt: skip
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="portal", AssumeRolePolicyDocument=document)
    iam.close()


def shown(page: Client, address: str) -> str:
    response = page.get(address)
    assert response.status_code == 200
    return response.text


def test_every_connection_says_as_whom_it_comes(page: Client, address: str, several: Any) -> None:
    text = shown(page, address)

    assert "arn:aws:sts::000000000000:assumed-role/portal/pettracker-role" in text
    assert "arn:aws:iam::000000000000:root" in text
    assert ROLE in text
    assert "with an external id" in text
    assert "variables of the environment" in text
    assert "the shared credentials file" in text
    assert "the role of the settings" in text
    assert "without an end" in text
    assert "new ones are fetched before" in text
    assert "for a time that nobody tells" in text
    assert "not that of the keys" in text


def test_store_without_sts_says_so_calmly(page: Client, address: str, several: Any) -> None:
    line = facts.lines()[0]

    assert line.has_no_sts
    assert line.source is not None
    assert line.source.method == "env"
    assert "it has no STS" in shown(page, address)
    with pytest.raises(Unsupported):
        identity.of("default")


def test_no_key_is_on_the_page(page: Client, address: str, several: Any, seaweedfs: Store) -> None:
    text = shown(page, address)
    of_role = session.credentials("role")

    secrets = [
        "PROFILEKEYID", "profile-secret", "TEMPORARYKEYID", "temporary-secret", "temporary-token",
        "a shared word", seaweedfs.access_key, seaweedfs.secret_key,
        str(of_role.access_key), str(of_role.secret_key), str(of_role.token),
    ]  # fmt: skip
    assert not [secret for secret in secrets if secret in text]


def test_password_in_an_address_is_not_shown(page: Client, address: str, several: Any) -> None:
    several["default"]["endpoint_url"] = "http://somebody:hidden-word@127.0.0.1:1"
    session.forget()

    text = shown(page, address)

    assert "hidden-word" not in text
    assert "http://127.0.0.1:1" in text


def test_end_of_a_roles_keys_is_that_which_sts_said(several: Any) -> None:
    found = identity.source("role")

    assert found.ends_at is not None
    assert timedelta(minutes=50) < found.ends_at - datetime.now(UTC) <= timedelta(hours=1)


def test_buckets_and_their_last_problem_are_told(page: Client, address: str, several: Any) -> None:
    BucketFactory(name="well", connection="simulator")
    BucketFactory(name="gone", connection="simulator", gone_since=datetime.now(UTC))
    ill = BucketFactory(
        name="ill",
        connection="simulator",
        last_error="<b>The store</b> refused",
        last_checked=datetime.now(UTC),
    )

    line = next(one for one in facts.lines() if one.chosen.alias == "simulator")
    text = shown(page, address)

    assert (line.buckets, line.buckets_gone) == (2, 1)
    assert line.problem is not None
    assert line.problem.bucket == ill
    assert "&lt;b&gt;The store&lt;/b&gt; refused" in text


def test_connection_without_keys_says_so(
    page: Client, address: str, several: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    session.forget()

    assert "no keys were found" in shown(page, address)


def test_connection_whose_profile_is_missing_says_so(page: Client, address: str, several: Any) -> None:
    several["temporary"]["profile"] = "not-there"
    session.forget()

    text = shown(page, address)

    assert "not to be had" in text
    assert "ProfileNotFound" in text


def test_one_store_that_is_away_leaves_the_others_their_lines(
    page: Client, address: str, several: Any
) -> None:
    several["temporary"]["endpoint_url"] = "http://127.0.0.1:1"
    session.forget()

    text = shown(page, address)

    assert "no answer" in text
    assert "arn:aws:iam::000000000000:root" in text


def test_sts_that_refuses_the_keys_is_a_refusal_in_words(
    several: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At Amazon; elsewhere it means that there is no STS."""

    class Refusing:
        def get_caller_identity(self) -> None:
            answer: Any = {"Error": {"Code": "InvalidClientTokenId", "Message": "no such key"}}
            raise ClientError(answer, "GetCallerIdentity")

    several["default"]["endpoint_url"] = ""
    monkeypatch.setattr(session, "sts", lambda _alias: Refusing())

    with pytest.raises(AccessRefused, match="refused access"):
        identity.of("default")


@pytest.mark.parametrize(
    ("role", "status"),
    [("Auditor", 200), ("Storage operator", 200), ("Storage admin", 200), ("Curator", 403), ("Viewer", 403)],
)
def test_who_sees_the_storage_sees_the_page(
    client: Client, address: str, role: str, status: int, no_store: str
) -> None:
    user = UserFactory()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)

    assert client.get(address).status_code == status
    assert (address in client.get(reverse("admin:index")).text) == (status == 200)
