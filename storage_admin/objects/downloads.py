"""How bytes leave the house: by a short signature, or through the portal where browsers reach no store."""

from dataclasses import dataclass

from django.http import FileResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import content_disposition_header

from photos import links as photo_links
from photos.choices import CONTENT_TYPES
from portal.s3 import links, objects, session, temporary
from storage_admin.models import Bucket
from storage_admin.objects import services

_SHOWN_TYPES = {kind for kind, _label in CONTENT_TYPES}


@dataclass(frozen=True)
class Download:
    """One version of an object, and what the browser is told about it."""

    bucket: str
    key: str
    version_id: str
    content_type: str
    disposition: str
    alias: str = session.DEFAULT


def as_attachment(bucket: Bucket, key: str, version_id: str, stored_type: str) -> Download:
    """Return a download that browsers save under a name of its own, and never show."""
    kind = stored_type if stored_type in _SHOWN_TYPES else "application/octet-stream"
    return Download(bucket.name, key, version_id, kind, disposition(bucket, key), bucket.connection)


def answer(wanted: Download, *, seconds: int) -> HttpResponseBase:
    """Redirect to an address that works for `seconds`, or pass the bytes on. S3Error when there are none."""
    reachable = session.connection(wanted.alias).reachable_by_browsers
    if reachable and temporary.opens_in_browsers(wanted.key):
        url = links.read_url(
            wanted.bucket, wanted.key, seconds=seconds, version_id=wanted.version_id,
            content_type=wanted.content_type, disposition=wanted.disposition, alias=wanted.alias,
        )  # fmt: skip
        return HttpResponseRedirect(url)
    pieces = objects.stream(wanted.bucket, wanted.key, version_id=wanted.version_id, alias=wanted.alias)
    headers = {"Content-Disposition": wanted.disposition, "X-Content-Type-Options": "nosniff"}
    return FileResponse(pieces, content_type=wanted.content_type, headers=headers)


def disposition(bucket: Bucket, key: str) -> str:
    """Return the header that makes a browser save the bytes, never show them."""
    photo = services.photo_of(bucket, key)
    if photo is not None:
        return photo_links.disposition(photo)
    return content_disposition_header(as_attachment=True, filename=file_name(key)) or "attachment"


def file_name(key: str) -> str:
    """Return what a file of this key is called: a header has no line feeds, and a name no path."""
    name = "".join(one if one.isprintable() else "_" for one in key.rstrip("/").rpartition("/")[2])
    return name or "object"
