"""Reads the store's long answers fast: botocore's parser takes 0.1 s and more for 1,000 listed keys.

Three quarters of that go to dateutil, which guesses at every `LastModified`; most of the rest to a
walk over the service model for each element. Here the model is compiled once, and times written the
way S3 writes them are read by `datetime.fromisoformat`. All else stays botocore's: requests, retries,
its look for an error in a 200, response headers, EncodingType.

Whatever is not as expected (another root, an element that comes twice, a time of another form, XML
that does not parse) is left, whole, to botocore's own parser. A property test holds both to equal
answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

# What is asked for, and the root that its answers have (API:ListObjectsV2 and so on).
ROOTS = {
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "DeleteObjects": "DeleteResult",
}
# One member more than botocore gives: the entries of these lists as (list, entry), in the order of
# the document. botocore keeps versions and delete markers apart, and their order is lost.
DOCUMENT_ORDER = "PortalDocumentOrder"
_ORDERED = {"Version": "Versions", "DeleteMarker": "DeleteMarkers"}

_NAMESPACES = (
    "{http://s3.amazonaws.com/doc/2006-03-01/}",
    "{http://doc.s3.amazonaws.com/2006-03-01}",  # Google Cloud Storage
    "",
)
_ANY_NAMESPACE = re.compile("{.*}")  # what botocore takes off a name
# fromisoformat reads more than this, and some of it otherwise than dateutil does.
_S3_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)

_HTTP_TIME = re.compile(  # `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7)
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z][a-z]) ([1-9]\d{3})"
    r" ([01]\d|2[0-3]):([0-5]\d):([0-5]\d) GMT",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_Read = Callable[[ET.Element], Any]


class Unfamiliar(Exception):
    """The answer is one for botocore's own parser."""


def read_times_fast(session: Session) -> None:
    """Let all clients that are made of the session read times fast, in headers as in bodies."""
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)


def timestamp(value: Any) -> datetime:
    """Return the time that botocore would read; ValueError when it can read none."""
    if isinstance(value, str):
        try:
            if _S3_TIME.fullmatch(value):
                return datetime.fromisoformat(value)
            if found := _HTTP_TIME.fullmatch(value):
                day, month, year, hour, minute, second = found.groups()
                date = int(year), _MONTHS.index(month) + 1, int(day)
                return datetime(*date, int(hour), int(minute), int(second), tzinfo=UTC)
        except ValueError:
            return parse_timestamp(value)  # 30 February: its error is the one that callers know
    return parse_timestamp(value)


def read_fast(client: S3Client) -> None:
    """Let the client read its long answers fast."""
    for operation in ROOTS:
        # The wildcard puts us before botocore's look for an error in a 200, which parses all of the
        # answer for that. It still looks: at what we leave it, or at everything if that was not ours.
        client.meta.events.register(f"before-parse.*.{operation}", _Reader(operation))


class _Reader:
    """Reads the answers to one operation, before botocore's parser would."""

    def __init__(self, operation: str) -> None:
        self._root = ROOTS[operation]
        self._read_root = RootReader(self._root)

    def __call__(
        self,
        operation_model: OperationModel,
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_event: Any,
    ) -> None:
        if response_dict["status_code"] != 200:
            return
        try:
            found = self._read(operation_model, response_dict["body"])
        except (Unfamiliar, ET.ParseError, ValueError):
            return
        customized_response_dict.update(found)
        response_dict["body"] = f"<{self._root}/>".encode()  # botocore still reads the headers

    def _read(self, operation_model: OperationModel, body: bytes) -> dict[str, Any]:
        root, namespace, found = self._read_root(operation_model.output_shape, body)
        if operation_model.name == "ListObjectVersions":
            found[DOCUMENT_ORDER] = _in_document_order(root, found, namespace)
        return found


class RootReader:
    """Reads documents of one root element; what it compiles of the service model it keeps."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._by_namespace: dict[str, _Read] = {}

    def __call__(self, shape: Any, body: bytes) -> tuple[ET.Element, str, dict[str, Any]]:
        """Return the root, its namespace and its members. Unfamiliar, ParseError, ValueError."""
        parser = ET.XMLParser(encoding="utf-8")  # noqa: S314 - as botocore itself does
        parser.feed(body)
        root = parser.close()
        namespace = root.tag.removesuffix(self._root)
        if namespace not in _NAMESPACES:
            raise Unfamiliar
        read = self._by_namespace.get(namespace)
        if read is None:
            read = self._by_namespace[namespace] = _structure(shape, namespace)
        return root, namespace, read(root)


def _structure(shape: Any, namespace: str) -> _Read:
    """Compile a structure of the service model: its members by the names of their elements."""
    members: dict[str, tuple[str, _Read, bool]] = {}
    for name, member in shape.members.items():
        if "location" in member.serialization:
            continue  # in the headers
        is_list = member.type_name == "list"
        if is_list and ("flattened" not in member.serialization or member.member.serialization):
            raise Unfamiliar
        element = member.serialization.get("name", name)
        members[namespace + element] = (name, _of(member.member if is_list else member, namespace), is_list)
    names = {_ANY_NAMESPACE.sub("", tag) for tag in members}

    def read(node: ET.Element) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for child in node:
            member = members.get(child.tag)
            if member is None:
                if _ANY_NAMESPACE.sub("", child.tag) in names:
                    raise Unfamiliar  # of another namespace than its parent
                continue  # botocore passes over what the model does not know, too
            name, read_one, is_list = member
            if is_list:
                made.setdefault(name, []).append(read_one(child))
            elif name in made:
                raise Unfamiliar
            else:
                made[name] = read_one(child)
        return made

    return read


def _of(shape: Any, namespace: str) -> _Read:
    if shape.type_name == "structure":
        return _structure(shape, namespace)
    if shape.type_name not in _SCALARS:
        raise Unfamiliar
    return _SCALARS[shape.type_name]


def _text(node: ET.Element) -> str:
    return node.text or ""


def _number(node: ET.Element) -> int:
    return int(node.text or "")


def _truth(node: ET.Element) -> bool:
    return node.text == "true"


def _time(node: ET.Element) -> datetime:
    text = node.text or ""
    if not _S3_TIME.fullmatch(text):
        raise Unfamiliar
    return datetime.fromisoformat(text)


_SCALARS: dict[str, _Read] = {
    "string": _text,
    "integer": _number,
    "long": _number,
    "boolean": _truth,
    "timestamp": _time,
}


def _in_document_order(
    root: ET.Element, found: dict[str, Any], namespace: str
) -> list[tuple[str, dict[str, Any]]]:
    upcoming = {namespace + tag: (name, iter(found.get(name, ()))) for tag, name in _ORDERED.items()}
    ordered = []
    for child in root:
        if child.tag in upcoming:
            name, entries = upcoming[child.tag]
            ordered.append((name, next(entries)))
    return ordered
