"""Pictures of objects on pages: the bytes of one version, if they are a picture that browsers show safely.

What a picture is, is told by its first bytes, never by its name or its stored type. The answer is
sandboxed and never guessed at by browsers, so that it stays a picture whatever else is in it.
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from photos import formats
from photos.formats import ImageFormat
from portal.access import Actor
from portal.display import size
from portal.s3 import attributes, objects
from portal.s3.attributes import Attributes
from portal.s3.errors import S3Error, StorageUnavailable
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.objects import downloads, services
from storage_admin.traces import traced

MAX_BYTES = 25 * 1024**2
SHOWN = {ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF, ImageFormat.AVIF}
POLICY = "default-src 'none'; sandbox"


def may_be_picture(facts: Attributes) -> bool:
    """Whether asking for it is worth while: by the stored type or the name, which may both lie."""
    extension = facts.key.rpartition(".")[2].lower()
    named = formats.EXTENSIONS.get(extension)
    typed = facts.headers.content_type in {kind.content_type for kind in SHOWN}
    return (typed or named in SHOWN) and facts.bytes <= MAX_BYTES and facts.is_readable


def is_picture(bucket: Bucket, facts: Attributes, version_id: str) -> bool:
    """Whether the version's first bytes are a picture's: one small read, where it may be one at all."""
    if not facts.bytes or not may_be_picture(facts):
        return False
    try:
        return _kind(bucket, facts.key, version_id or facts.version_id) in SHOWN
    except StorageUnavailable:
        raise
    except S3Error:
        return False  # then the rest of the page is shown without it


def answer(*, actor: Actor, bucket: Bucket, key: str, version_id: str) -> HttpResponseBase:
    """Return the picture, to be shown in a page; that it was shown, and to whom, is kept.

    NotPossible for what is no such picture, is too large, or is archived. Asks for the same right as
    a download: a picture on a screen is out of the house.
    """
    right = services.download_right(bucket, key)
    with traced("object.previewed", actor, bucket, right, key=key, version_id=version_id) as trace:
        found = attributes.read(bucket.name, key, version_id=version_id, alias=bucket.connection)
        trace.version_id = found.version_id
        if found.bytes > MAX_BYTES:
            raise NotPossible(
                _("The object has %(size)s; at most %(most)s are shown.")
                % {"size": size(found.bytes), "most": size(MAX_BYTES)}
            )
        if not found.is_readable:
            raise NotPossible(_("The object is archived; it must be restored before it can be read."))
        exact = version_id or found.version_id
        kind = _kind(bucket, key, exact) if found.bytes else None
        if kind is None or kind not in SHOWN:
            raise NotPossible(_("This is no picture that browsers show."))
        pieces = objects.stream(bucket.name, key, version_id=exact, alias=bucket.connection)
    name = downloads.file_name(key)
    headers = {
        "Content-Length": str(found.bytes),
        "Content-Disposition": content_disposition_header(as_attachment=False, filename=name) or "inline",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return StreamingHttpResponse(pieces, content_type=kind.content_type, headers=headers)


def _kind(bucket: Bucket, key: str, version_id: str) -> ImageFormat | None:
    head = objects.first_bytes(
        bucket.name, key, formats.SNIFF_BYTES, version_id=version_id, alias=bucket.connection
    )
    return formats.sniff(head)


def refusal(words: str) -> HttpResponse:
    """Return the answer for what is not shown: text, for whoever opens the address by itself."""
    return HttpResponse(
        words, status=415, content_type="text/plain; charset=utf-8",
        headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"},
    )  # fmt: skip
