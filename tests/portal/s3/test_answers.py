"""The fast parser gives what botocore's own gives, for any answer; what S3 sends takes the fast way."""

import io
import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.utils import parse_timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.s3 import listing, objects
from portal.s3.answers import DOCUMENT_ORDER, ROOTS, read_fast, timestamp
from portal.s3.errors import S3Error
from tests.store import answering, refusal

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "ListObjectsV2": ("list_objects_v2", {"Bucket": "any"}),
    "ListObjectVersions": ("list_object_versions", {"Bucket": "any"}),
    "DeleteObjects": ("delete_objects", {"Bucket": "any", "Delete": {"Objects": [{"Key": "a"}]}}),
}


class Client:
    """A boto3 client to which `answer` is sent, whatever it asks."""

    def __init__(self) -> None:
        self.boto = boto3.client(
            "s3",
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
            region_name="us-east-1",
            endpoint_url="http://store.test",
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        self.answer = (200, b"")
        self.boto.meta.events.register_first("before-send.s3", self._send)  # type: ignore[arg-type]  # what hooks return counts

    def _send(self, **_event: Any) -> AWSResponse:
        status, body = self.answer
        raw: Any = Raw(body)
        return AWSResponse("http://store.test/", status, HTTPHeaders(), raw)

    def ask(self, operation: str, status: int, body: bytes) -> Any:
        """Return the answer as botocore gives it, or the error that it raises."""
        self.answer = (status, body)
        name, params = ASKED[operation]
        try:
            return plain(getattr(self.boto, name)(**params))
        except Exception as error:  # noqa: BLE001 - any is part of what is compared
            return type(error), re.sub("0x[0-9a-f]+", "", str(error))


class Raw(io.BytesIO):
    def stream(self, **_options: Any) -> Iterator[bytes]:
        yield self.read()


def plain(value: Any) -> Any:
    """Make an answer comparable: botocore gives bare elements for what comes twice."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name != DOCUMENT_ORDER}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return ET.tostring(value) if isinstance(value, ET.Element) else value


@pytest.fixture(scope="module")
def clients() -> tuple[Client, Client]:
    fast, slow = Client(), Client()
    read_fast(fast.boto)
    return fast, slow


def members(operation: str) -> list[str]:
    """Return the names of all elements that the model has for the operation, and some that it has not."""
    model: Any = Client().boto.meta.service_model
    names: set[str] = {"Type", "UserMetadata", "Owner", "x"}

    def walk(shape: Any) -> None:
        for name, member in shape.members.items():
            names.add(member.serialization.get("name", name))
            inner = member.member if member.type_name == "list" else member
            if inner.type_name == "structure":
                walk(inner)

    walk(model.operation_model(operation).output_shape)
    return sorted(names)


MEMBERS = {operation: members(operation) for operation in ROOTS}
NOT_IN_XML = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters=NOT_IN_XML)
KEYS = st.text(CHARACTERS, max_size=12)
S3_TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.strftime("%4Y-%m-%dT%H:%M:%S.000Z"))
ODD_TIMES = st.sampled_from([
    "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22", "2026-11-22T01:02:03", "1763773323",
    "2026-W47-7T01:02:03Z", "2026-11-22T01:02:03,123Z", "2026-11-22T01:02:03+02:00", "", "soon",
    "0000-01-01T00:00:00.000Z", "Sun, 22 Nov 2026 01:02:03 GMT", "\u0662026-11-22T01:02:03Z",
    "2026-11-22T01:02:60Z", "2026-11-22t01:02:03z", "2026-11-22T01:02:03.1Z", " 2026-11-22T01:02:03Z",
])  # fmt: skip
HTTP_TIMES = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(lambda time: format_datetime(time, usegmt=True)),
    st.sampled_from([
        "Mon, 22 Nov 2026 01:02:03 GMT", "Sun, 31 Feb 2026 01:02:03 GMT", "Sun, 22 Xyz 2026 01:02:03 GMT",
        "Sun, 22 Nov 2026 24:00:00 GMT", "Sun, 00 Nov 2026 01:02:03 GMT", "Sun, 22 Nov 2026 01:02:60 GMT",
        "Sun, 22 Nov 2026 01:02:03 UTC", "Sun, 22 Nov 2026 01:02:03 -0700", "Sunday, 22-Nov-26 01:02:03 GMT",
    ]),
)  # fmt: skip
TEXTS = st.one_of(
    KEYS,
    KEYS.map(lambda key: quote(key.encode())),
    S3_TIMES,
    ODD_TIMES,
    st.integers().map(str),
    st.sampled_from(["true", "false", "True", "url", " 1 ", "1_000", "1.0", "%", "%zz", "%ff", "a+b"]),
)


def xml(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


@st.composite
def elements(draw: Any, operation: str, depth: int = 2) -> str:
    """One element, likely or not, perhaps with others in it."""
    name = draw(st.sampled_from(MEMBERS[operation]))
    inside = xml(draw(TEXTS))
    if depth and draw(st.booleans()):
        inside += "".join(draw(st.lists(elements(operation, depth - 1), max_size=8)))
    if draw(st.integers(0, 40)) == 40:
        inside += draw(
            st.sampled_from(["<!-- a -->b", "<?a b?>", "<![CDATA[<x>&]]>", "\n  ", "&lt;", "&#34;"])
        )
    attribute = draw(
        st.sampled_from([""] * 20 + [f' xmlns="{S3}"', ' xmlns="urn:other"', ' xmlns=""', ' a="b"'])
    )
    return f"<{name}{attribute}>{inside}</{name}>"


@st.composite
def entries(draw: Any, operation: str) -> str:
    """An entry as S3 writes it, or with one thing that S3 would not write."""
    kinds = {"ListObjectsV2": ["Contents"], "ListObjectVersions": ["Version", "DeleteMarker"]}
    kind = draw(st.sampled_from(kinds.get(operation, ["Deleted", "Error"])))
    key = draw(st.one_of(KEYS, KEYS.map(lambda key: quote(key.encode()))))
    written = [
        f"<Key>{xml(key)}</Key>",
        f"<LastModified>{draw(S3_TIMES)}</LastModified>",
        f"<Size>{draw(st.integers(0))}</Size>",
        "<ETag>&#34;0cc175b9c0f1b6a831c399e269772661&#34;</ETag>",
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>",
        "<VersionId>null</VersionId>",
        f"<IsLatest>{draw(st.sampled_from(['true', 'false']))}</IsLatest>",
        "<Owner><ID>a</ID><DisplayName/></Owner>",
        "<StorageClass>GLACIER</StorageClass>",
        "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>",
    ]
    place = draw(st.integers(0, len(written) - 1))
    match draw(st.sampled_from([""] * 8 + ["missing", "twice", "time", "foreign", "other"])):
        case "missing":
            del written[place]
        case "twice":
            written.append(written[place])
        case "time":
            written[1] = f"<LastModified>{draw(ODD_TIMES)}</LastModified>"
        case "foreign":
            written[place] = written[place].replace(">", ' xmlns="urn:other">', 1)
        case "other":
            written[place] = draw(elements(operation, 1))
    return f"<{kind}>{''.join(written)}</{kind}>"


@st.composite
def answers(draw: Any, operation: str) -> bytes:
    """An answer's body: mostly the operation's own, else of another root, cut off, or no XML at all."""
    if draw(st.integers(0, 30)) == 30:
        return draw(st.binary(max_size=60))
    root = draw(st.sampled_from([ROOTS[operation]] * 12 + ["Error", "html", *ROOTS.values()]))
    space = draw(st.sampled_from([f' xmlns="{S3}"'] * 6 + ["", ' xmlns="urn:other"', ' xmlns="a&#10;b"']))
    encoding = draw(st.sampled_from(["", "<EncodingType>url</EncodingType>"]))
    parts = draw(st.lists(entries(operation), max_size=4))
    if draw(st.integers(0, 2)) == 2:
        parts += draw(st.lists(elements(operation), max_size=2))
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{space}>{encoding}{"".join(parts)}</{root}>'.encode()
    )
    if draw(st.integers(0, 15)) == 15:
        body = body[: draw(st.integers(0, len(body)))]
    return body


@pytest.mark.parametrize("operation", ROOTS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), status=st.sampled_from([200] * 12 + [206, 301, 403, 404, 500, 503]))
def test_answer_is_read_as_botocore_reads_it(clients, operation, data, status) -> None:
    fast, slow = clients
    body = data.draw(answers(operation))

    assert fast.ask(operation, status, body) == slow.ask(operation, status, body)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "plain text",
        '<Key xmlns="urn:other">a</Key>',
        "<Key>a</Key><Key>b</Key>",
        "<Key>a<!-- -->b</Key>",
        "<Key>a<b>c</b>d</Key>",
        "<Key>a&#13;b %41+</Key>",
        "<Size></Size>",
        "<Size> 1_0 </Size>",
        "<IsLatest>True</IsLatest>",
        "<IsLatest> true</IsLatest>",
        "<LastModified>2026-11-22</LastModified>",
        "<LastModified>never</LastModified>",
        "<Owner/>",
        "<Owner>a</Owner><Owner><ID>b</ID></Owner>",
        "<ChecksumAlgorithm>A</ChecksumAlgorithm><ChecksumAlgorithm/>",
        "<Type>Normal</Type>",
    ],
)
@pytest.mark.parametrize("encoding", ["", "<EncodingType>url</EncodingType>"])
def test_odd_version_is_read_as_botocore_reads_it(clients, inside, encoding) -> None:
    fast, slow = clients
    body = listed(f"{encoding}<Version>{inside}</Version><DeleteMarker/>").encode()

    assert fast.ask("ListObjectVersions", 200, body) == slow.ask("ListObjectVersions", 200, body)


@given(st.one_of(S3_TIMES, HTTP_TIMES, ODD_TIMES, TEXTS, st.integers(0, 2**40)))
def test_time_is_what_botocore_reads(text) -> None:
    assert outcome(timestamp, text) == outcome(parse_timestamp, text)


def outcome(read: Any, text: Any) -> Any:
    try:
        found = read(text)
    except Exception as error:  # noqa: BLE001 - any is part of what is compared
        return type(error), str(error)
    return found, found.utcoffset()


def answer_of(operation: str, entry: str, count: int) -> bytes:
    root = ROOTS[operation]
    return f'<?xml version="1.0"?>\n<{root} xmlns="{S3}">{entry * count}</{root}>'.encode()


# As the API reference writes them, with everything that S3 may say of an entry.
WRITTEN = {
    "ListObjectsV2": (
        "<Contents><Key>a</Key><LastModified>2026-11-22T01:02:03.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        "<Size>5</Size><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>"
    ),
    "ListObjectVersions": (
        "<Version><Key>a</Key><VersionId>v</VersionId><IsLatest>false</IsLatest>"
        "<LastModified>2026-11-22T01:02:03.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size>"
        "<StorageClass>GLACIER</StorageClass><Owner><ID>o</ID><DisplayName>n</DisplayName></Owner></Version>"
        "<DeleteMarker><Key>a</Key><VersionId>m</VersionId><IsLatest>true</IsLatest>"
        "<LastModified>2026-11-22T01:02:04.000Z</LastModified><Owner><ID>o</ID></Owner></DeleteMarker>"
    ),
    "DeleteObjects": (
        "<Deleted><Key>a</Key><VersionId>v</VersionId></Deleted>"
        "<Error><Key>b</Key><VersionId>v</VersionId><Code>AccessDenied</Code><Message>no</Message></Error>"
    ),
}


@pytest.mark.parametrize("operation", ROOTS)
def test_what_s3_writes_is_read_fast(clients, operation) -> None:
    fast, slow = clients
    left = []
    body = answer_of(operation, WRITTEN[operation], 2)
    fast.boto.meta.events.register_last(
        f"before-parse.s3.{operation}", lambda response_dict, **_: left.append(response_dict["body"])
    )

    answer = fast.ask(operation, 200, body)

    assert answer == slow.ask(operation, 200, body)
    assert len(answer) > 1  # not only ResponseMetadata
    assert left == [f"<{ROOTS[operation]}/>".encode()]


@pytest.mark.parametrize("broken", ["<Error><Code>InternalError</Code></Error>", "<ListBucketResult><Cont"])
def test_error_in_a_200_and_a_cut_answer_are_asked_for_again(no_store, broken) -> None:
    good = answer_of("ListObjectsV2", WRITTEN["ListObjectsV2"], 1)

    with (
        answering("ListObjectsV2", refusal(200, "", body=good.decode())),
        answering("ListObjectsV2", refusal(200, "", body=broken), times=1),
    ):
        page = listing.keys_page("any", size=10)

    assert [one.key for one in page.objects] == ["a"]


def test_order_of_the_document_is_kept_where_it_is_that_of_s3(no_store) -> None:
    # A multipart upload bears the time of its beginning: times do not tell the order.
    stamp = "<LastModified>2026-11-22T01:02:0{}.000Z</LastModified>"
    line = "<VersionId>{}</VersionId><IsLatest>{}</IsLatest>" + stamp + "<Size>1</Size>"
    written = "".join([
        "<Version><Key>a</Key>" + line.format("a3", "true", 5) + "</Version>",
        "<DeleteMarker><Key>a</Key>" + line.format("a2", "false", 5) + "</DeleteMarker>",
        "<Version><Key>a</Key>" + line.format("a1", "false", 9) + "</Version>",
        "<Version><Key>b</Key>" + line.format("b1", "true", 1) + "</Version>",
    ])  # fmt: skip

    with answering("ListObjectVersions", refusal(200, "", body=listed(written))):
        page = listing.versions_page("any", size=10)

    assert [one.version_id for one in page.versions] == ["a3", "a2", "a1", "b1"]


@pytest.mark.parametrize("stamp", ["2026-11-22T01:02:03.000Z", "2026-11-22 01:02:03+00:00"])
def test_versions_then_markers_are_put_together(no_store, stamp) -> None:
    # The second form of a time is none of S3's: botocore's parser reads that answer.
    rest = f"<LastModified>{stamp}</LastModified><Size>1</Size>"
    written = "".join(
        f"<{kind}><Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>{latest}</IsLatest>{rest}</{kind}>"
        for kind, key, version, latest in [
            ("Version", "a", "a1", "false"),
            ("Version", "b", "b1", "false"),
            ("DeleteMarker", "a", "a2", "true"),
            ("DeleteMarker", "b", "b2", "true"),
        ]
    )

    with answering("ListObjectVersions", refusal(200, "", body=listed(written))):
        page = listing.versions_page("any", size=10)

    assert [one.version_id for one in page.versions] == ["a2", "a1", "b2", "b1"]


def test_list_that_does_not_go_on_is_an_error(no_store) -> None:
    going = "<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"

    with answering("ListObjectVersions", refusal(200, "", body=listed(going))), pytest.raises(S3Error):
        list(objects.versions("any", ""))


def listed(written: str) -> str:
    return f'<ListVersionsResult xmlns="{S3}">{written}</ListVersionsResult>'
