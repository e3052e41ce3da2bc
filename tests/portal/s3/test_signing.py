"""The own signer signs as botocore's does, whatever the key, the query and the headers."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from portal.s3 import signing

KEYS = ReadOnlyCredentials("AKIDNOBODY", "secret-of-nobody", None)
PASSING = ReadOnlyCredentials("ASIANOBODY", "another-secret", "token+of/nobody==")
ADDRESSES = (
    "http://127.0.0.1:8333", "http://[::1]:9000", "https://bucket.s3.eu-central-1.amazonaws.com",
    "https://Store.Example:443", "http://store.example:80",
)  # fmt: skip
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_characters="\x7f"))
HEADERS = st.dictionaries(
    st.sampled_from(["x-amz-copy-source", "x-amz-meta-name", "Content-Type", "User-Agent"]),
    VALUES,
)
QUERIES = st.lists(st.tuples(st.text(min_size=1), st.text())).map(
    lambda pairs: "&".join(f"{quote(name, '-_.~')}={quote(value, '-_.~')}" for name, value in pairs)
)


@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    address=st.sampled_from(ADDRESSES),
    key=st.text(st.characters(exclude_categories=["Cs"])),
    query=QUERIES,
    headers=HEADERS,
    keys=st.sampled_from([KEYS, PASSING]),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_signature_is_botocores(method, address, key, query, headers, keys, region, now) -> None:
    url = f"{address}/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
    now = now.replace(microsecond=0, tzinfo=UTC)
    signed = dict(headers)

    signing.sign(method, urlsplit(url), signed, keys=keys, region=region, now=now)

    assert signed["Authorization"] == _by_botocore(method, url, headers, keys, region, now)


def _by_botocore(method: str, url: str, headers: Any, keys: Any, region: str, now: datetime) -> str:
    request = AWSRequest(method, url, headers=headers)
    request.context = {"client_config": SimpleNamespace(s3={})}
    with mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        S3SigV4Auth(keys, "s3", region).add_auth(request)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:8333", "127.0.0.1:8333"),
        ("https://Store.Example:443", "store.example"),
        ("http://store.example:443", "store.example:443"),
        ("http://[::1]:9000", "[::1]:9000"),
    ],
)
def test_host_names_a_port_that_is_not_the_usual_one(address, host) -> None:
    parts = urlsplit(address)

    assert signing.host_of(parts.scheme, parts.netloc) == host
