"""Addresses of pages below a bucket. Keys and prefixes travel in the query string, where any character may.

In a form's field a line feed would not survive: browsers send CR LF instead.
"""

from urllib.parse import urlencode

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from storage_admin.models import Bucket


class Mode(TextChoices):
    """What a bucket's browser lists."""

    CURRENT = "", _("Current")
    VERSIONS = "versions", _("All versions")
    DELETED = "deleted", _("Deleted only")


def of_bucket(bucket: Bucket, page: str, *below: str | int, **query: str) -> str:
    """Return the address of one of the bucket's pages; empty values are left out."""
    address = reverse(f"admin:storage_admin_bucket_{page}", args=[bucket.pk, *below])
    given = {name: value for name, value in query.items() if value}
    return f"{address}?{urlencode(given)}" if given else address


def folder(bucket: Bucket, prefix: str, mode: str = Mode.CURRENT, **onward: str) -> str:
    """Return where the browser shows what lies below the prefix."""
    return of_bucket(bucket, "browse", prefix=prefix, mode=mode, **onward)


def folder_of(prefix: str) -> str:
    """Return the folder that a key or a typed beginning lies in: all up to the last separator."""
    return prefix[: prefix.rfind("/") + 1]


def of_object(bucket: Bucket, key: str, version_id: str = "") -> str:
    """Return the page of one object, or of one of its versions."""
    return of_bucket(bucket, "object", key=key, version=version_id)


def time_machine(bucket: Bucket, prefix: str, **query: str) -> str:
    """Return the page of what became of keys since a `moment` (ISO); `change` and `after` choose of it."""
    return of_bucket(bucket, "time_machine", prefix=prefix, **query)


def of_setting(bucket: Bucket, slug: str, page: str = "setting", **query: str) -> str:
    """Return the page of one setting, or where its form goes: "review", "apply"."""
    return of_bucket(bucket, page, slug, **query)


def undo(bucket: Bucket, change_id: int) -> str:
    """Return where a change of a setting is undone."""
    return of_bucket(bucket, "undo", change_id)
