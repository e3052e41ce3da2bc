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


def of_bucket(bucket: Bucket, page: str, **query: str) -> str:
    """Return the address of one of the bucket's pages; empty values are left out."""
    address = reverse(f"admin:storage_admin_bucket_{page}", args=[bucket.pk])
    given = {name: value for name, value in query.items() if value}
    return f"{address}?{urlencode(given)}" if given else address


def folder(bucket: Bucket, prefix: str, mode: str = Mode.CURRENT, **onward: str) -> str:
    """Return where the browser shows what lies below the prefix."""
    return of_bucket(bucket, "browse", prefix=prefix, mode=mode, **onward)


def of_object(bucket: Bucket, key: str, version_id: str = "") -> str:
    """Return the page of one object, or of one of its versions."""
    return of_bucket(bucket, "object", key=key, version=version_id)
