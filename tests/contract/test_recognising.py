"""What a store says of itself is enough to know the ones that the table of differences has."""

import pytest
from botocore.awsrequest import AWSResponse

from portal.s3 import recognising
from portal.s3.differences import Server
from tests.contract.stores import Endpoint
from tests.store import answering, refusal

pytestmark = pytest.mark.servers


def test_software_is_recognised_by_a_list_of_buckets(store: Endpoint, store_calls: list[str]) -> None:
    if store.is_given:
        pytest.skip("nobody here knows what it is")

    assert recognising.recognised() is store.server
    assert store_calls == ["ListBuckets"]


def test_store_that_refuses_or_is_unknown_is_some_other(store: Endpoint) -> None:
    with answering("ListBuckets", refusal(403, "AccessDenied")):
        assert recognising.recognised() is Server.OTHER


@pytest.mark.parametrize(
    ("owner", "name", "server"),
    [
        (
            "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a",
            "webfile",
            Server.LOCALSTACK,
        ),
        ("fe7272ea58be830e56fe1663b10fafef", "GoFakeS3", Server.RCLONE),
    ],
)
def test_software_whose_owner_is_always_the_same_is_recognised_whatever_it_calls_itself(
    store: Endpoint, owner: str, name: str, server: Server
) -> None:
    body = (
        f"<ListAllMyBucketsResult><Owner><ID>{owner}</ID><DisplayName>{name}</DisplayName></Owner>"
        "</ListAllMyBucketsResult>"
    )

    def answer() -> AWSResponse:
        found = refusal(200, "", body=body)()
        found.headers["Server"] = "AmazonS3"  # as rclone does
        return found

    with answering("ListBuckets", answer):
        assert recognising.recognised() is server


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("x-amz-request-id", "tx00000f6915196a2c5680d-006b0e4666-1016-default"),
        ("Server", "Ceph Object Gateway (squid)"),
    ],
)
def test_ceph_is_recognised_by_its_requests_or_its_name(store: Endpoint, header: str, said: str) -> None:
    def answer() -> AWSResponse:
        found = refusal(200, "", body="<ListAllMyBucketsResult/>")()
        found.headers[header] = said
        return found

    with answering("ListBuckets", answer):
        assert recognising.recognised() is Server.CEPH
