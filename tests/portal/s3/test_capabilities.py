"""What a store lacks: from the table by its name, from probes where it can be asked."""

from typing import Any

import pytest

from portal.s3 import capabilities
from portal.s3.differences import Capability, Server
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


def named(settings: Any, server: str) -> None:
    settings.S3_CONNECTIONS["default"]["server"] = server


def test_store_without_an_endpoint_is_amazons(settings: Any) -> None:
    settings.S3_CONNECTIONS = {"default": {}, "other": {"endpoint_url": "https://s3.example.org"}}

    assert capabilities.server() is Server.AMAZON
    assert capabilities.server("other") is Server.OTHER


def test_known_lacks_have_reasons() -> None:
    for server in Server:
        assert all(reason.endswith(".") for reason in capabilities.known(server).values())


def test_store_of_unknown_name_is_probed(photo_bucket: str) -> None:
    found = capabilities.lacking(photo_bucket)

    assert "NotImplemented" in found[Capability.PUBLIC_ACCESS_BLOCK]
    assert Capability.POLICY not in found


def test_known_store_has_its_table_and_the_probes(photo_bucket: str, settings: Any) -> None:
    named(settings, "seaweedfs")

    with answering("GetBucketPolicy", refusal(501, "NotImplemented")):
        found = capabilities.lacking(photo_bucket)

    assert Capability.NOT_EMPTY in found
    assert Capability.POLICY in found


def test_what_may_not_be_asked_is_not_taken_for_lacking(photo_bucket: str) -> None:
    with answering("GetBucketPolicy", refusal(403, "AccessDenied")):
        found = capabilities.lacking(photo_bucket)

    assert Capability.POLICY not in found
