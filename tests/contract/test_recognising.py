"""What a store says of itself is enough to know the ones that the table of differences has."""

import pytest
from botocore.awsrequest import AWSResponse

from portal.s3 import recognising
from portal.s3.capabilities import Server
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
