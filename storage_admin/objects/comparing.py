"""Two versions of one object beside each other: what differs, and what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import attributes, tags
from portal.s3.attributes import Attributes
from portal.s3.errors import NotConfigured, S3Error, StorageUnavailable
from storage_admin.models import Bucket
from storage_admin.objects import facts as object_facts


@dataclass(frozen=True)
class Line:
    """One attribute of both; an empty value: that version has none."""

    label: str
    one: Any
    other: Any


@dataclass(frozen=True)
class Comparison:
    """Two versions, and the lines in which they differ."""

    one: Attributes
    other: Attributes
    differing: list[Line]
    same: int  # how many lines they have in common


def compare(bucket: Bucket, key: str, one_id: str, other_id: str) -> Comparison:
    """Ask the store for both: HEAD and tags of each. ObjectNotFound, VersionNotFound, DeleteMarkerFound."""
    one, other = (
        attributes.read(bucket.name, key, version_id=each, alias=bucket.connection)
        for each in (one_id, other_id)
    )
    left, right = _lines(bucket, one, one_id), _lines(bucket, other, other_id)
    labels = [*left, *(label for label in right if label not in left)]
    lines = [Line(label, left.get(label, ""), right.get(label, "")) for label in labels]
    differing = [line for line in lines if line.one != line.other]
    return Comparison(one, other, differing, len(lines) - len(differing))


def _lines(bucket: Bucket, facts: Attributes, version_id: str) -> dict[str, Any]:
    found = dict(object_facts.rows(facts))
    found |= {_("Metadata: %(name)s") % {"name": name}: value for name, value in facts.metadata.items()}
    return found | _tag_lines(bucket, facts.key, version_id)


def _tag_lines(bucket: Bucket, key: str, version_id: str) -> dict[str, str]:
    try:
        found = tags.of_object(bucket.name, key, version_id=version_id, alias=bucket.connection)
    except NotConfigured:
        return {}
    except StorageUnavailable:
        raise
    except S3Error as error:
        return {_("Tags"): _("could not be read: %(error)s") % {"error": error}}
    return {_("Tag: %(name)s") % {"name": name}: value for name, value in found.items()}
