"""Share links: addresses of the portal that lead strangers to one picture or file, until they end.

    made ──opened, each time to a fresh signature──▶ ended, or revoked, or what it leads to is gone

**The token** is 32 random bytes in the address; the row keeps their SHA-256 alone, so the link is
shown once. A signed id would let everybody who reads `SECRET_KEY` write links, and one new key would
end them all; a token in clear would let everybody who reads the table, or a back-up of it, open
every file. Nobody needs to guess slowly: there are 2^256 of them, and a digest is looked up, so
neither the answer nor its time tells whether a link ever was.

**A link carries its maker's rights.** At each opening its maker must still be active staff, with
the right to share and the right to what is shared: whoever leaves leaves no door open.

**What it leads to.** An original or an object is pinned to the version, and the ETag, that were
there when the link was made. The web size is the photo's rendition as it is now: turned, if it was
turned since; it holds pixels alone. What was hidden, destroyed or moved to the trash is not given.

**Traces.** Making and revoking are events of the audit. So is the first opening, and the first
try of a link that has ended; all others are only counted in the row, since a link in a chat may be
opened a thousand times. An unknown token is counted nowhere: strangers write no rows here.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from photos import renditions
from photos.models import Photo, Rendition
from portal import audit
from portal.access import require
from portal.audit import AuditEvent
from portal.models import User
from portal.s3 import attributes
from portal.s3.attributes import Attributes
from portal.s3.errors import BucketNotFound, CustomerKeyNeeded, ObjectNotFound, VersionNotFound
from storage_admin.errors import LinkDead, NotPossible
from storage_admin.models import Bucket, ShareLink
from storage_admin.objects import downloads, services
from storage_admin.objects.downloads import Download
from storage_admin.traces import as_kept, traced

TOKEN_BYTES = 32
SHARE = "storage_admin.share_object"
_GONE = (ObjectNotFound, VersionNotFound, BucketNotFound, CustomerKeyNeeded)


@dataclass(frozen=True)
class Made:
    """A new link and its token, which is kept nowhere."""

    link: ShareLink
    token: str


@dataclass(frozen=True)
class Opened:
    """What a link leads to, and for how many seconds a signature of it may last."""

    download: Download
    seconds: int


def right_to(size: str, bucket: Bucket, key: str) -> str:
    """Return the right, beside `share_object`, that sharing this size of it needs."""
    return "photos.view_photo" if size == ShareLink.Size.WEB else services.download_right(bucket, key)


def sizes(user: User, bucket: Bucket, key: str) -> list[ShareLink.Size]:
    """Return the sizes that this user may share of the key, the smallest first."""
    photo = services.photo_of(bucket, key)
    there = [ShareLink.Size.WEB] if photo is not None else []
    return [size for size in [*there, ShareLink.Size.ORIGINAL] if user.has_perm(right_to(size, bucket, key))]


def make(
    *,
    actor: User,
    bucket: Bucket,
    key: str,
    version_id: str,
    size: ShareLink.Size,
    ends_at: datetime,
    recipient: str,
    reason: str,
) -> Made:
    """Make a link to the version, empty for the newest. NotPossible for what could not be opened by it.

    `ends_at` is aware, and at most SHARE_LINK_MAX_DAYS from now.
    """
    with traced("link.made", actor, bucket, SHARE, key=key, version_id=version_id) as trace:
        require(actor, right_to(size, bucket, key))
        if not timezone.now() < ends_at <= latest_end():
            raise NotPossible(
                _("A share link must end in the future, and within %(days)s days.")
                % {"days": settings.SHARE_LINK_MAX_DAYS}
            )
        if as_kept(key) != key:
            raise NotPossible(_("Keys with a NUL in them cannot be shared: the register cannot hold them."))
        photo = services.photo_of(bucket, key)
        if photo is not None and not photo.is_live:
            raise NotPossible(_("The photo is in the trash or was refused."))
        if size == ShareLink.Size.WEB:
            shown = _web_rendition(photo).photo
            version_id, etag = shown.version_id, shown.etag
        else:
            found = _there(bucket, key, version_id)
            version_id, etag = found.version_id, found.etag
        token = secrets.token_urlsafe(TOKEN_BYTES)
        link = ShareLink.objects.create(
            token_sha256=digest(token), bucket=bucket, key=key, version_id=version_id, etag=etag,
            photo_uuid=photo.pk if photo is not None else None, size=size, recipient=recipient,
            reason=reason, made_by=actor, made_by_name=actor.get_username(), expires_at=ends_at,
        )  # fmt: skip
        trace.version_id = version_id
        trace.after = {
            "link": link.pk, "size": size, "recipient": recipient, "reason": reason,
            "ends_at": ends_at.isoformat(timespec="seconds"),
        }  # fmt: skip
        return Made(link, token)


def latest_end() -> datetime:
    """Return when a link that is made now must have ended."""
    return timezone.now() + timedelta(days=settings.SHARE_LINK_MAX_DAYS)


def may_revoke(user: User, link: ShareLink) -> bool:
    """Whether the user made the link, or rules over buckets."""
    return link.made_by_id == user.pk or user.has_perm("storage_admin.change_bucket")


def revoke(*, actor: User, link: ShareLink) -> None:
    """Close the link at once and for good. NotPossible when it is closed already."""
    # Closing a door needs no right to open it: to whoever made the link, seeing the register is enough.
    right = f"storage_admin.{'view_sharelink' if link.made_by_id == actor.pk else 'change_bucket'}"
    with traced("link.revoked", actor, link.bucket, right, key=link.key, version_id=link.version_id) as trace:
        trace.before = {"link": link.pk, "opened": link.opened_count}
        revoked = ShareLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now(), revoked_by_name=actor.get_username()
        )
        if not revoked:
            raise NotPossible(_("The link was revoked already."))


def opened(token: str) -> Opened:
    """Return what the link leads to, and count the opening. LinkDead; S3Error when the store cannot tell.

    A HEAD counts, too: its answer holds a signature that opens the file.
    """
    link = ShareLink.objects.select_related("bucket", "made_by").filter(token_sha256=digest(token)).first()
    if link is None:
        raise LinkDead(_("There is no such link."))
    try:
        download = _download(link)
        _count(link)
    except LinkDead as error:
        _note_refused(link, str(error))
        raise
    left = int((link.expires_at - timezone.now()).total_seconds())
    return Opened(download, max(1, min(left, settings.ORIGINAL_URL_SECONDS)))


def digest(token: str) -> str:
    """Return what a row keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _download(link: ShareLink) -> Download:
    if not link.is_live:
        raise LinkDead(_("The link has ended.") if link.revoked_at is None else _("The link was revoked."))
    if not link.bucket.is_connected:
        raise LinkDead(_("The settings do not name the bucket's connection any more."))
    if not _maker_may_still(link):
        raise LinkDead(_("Whoever made the link may not share this any more."))
    photo = Photo.objects.filter(pk=link.photo_uuid).first() if link.photo_uuid else None
    if link.photo_uuid and (photo is None or not photo.is_live):
        raise LinkDead(_("The photo is in the trash, or gone."))
    try:
        if link.size == ShareLink.Size.WEB:
            return _web_size(_web_rendition(photo))
        found = _there(link.bucket, link.key, link.version_id)
    except NotPossible as error:
        raise LinkDead(str(error)) from error
    if found.etag != link.etag:
        raise LinkDead(_("Other bytes were stored in place of what was shared."))
    return downloads.as_attachment(link.bucket, link.key, found.version_id, found.headers.content_type)


def _maker_may_still(link: ShareLink) -> bool:
    maker = link.made_by
    # An account that is not active has no rights at all: Django sees to that.
    return (
        maker is not None
        and maker.is_staff
        and maker.has_perms([SHARE, right_to(link.size, link.bucket, link.key)])
    )


def _there(bucket: Bucket, key: str, version_id: str) -> Attributes:
    """Return what the store says of the version; NotPossible unless it is readable and not hidden."""
    name, alias = bucket.name, bucket.connection
    try:
        found = attributes.read(name, key, alias=alias)
        if version_id and version_id != found.version_id:
            found = attributes.read(name, key, version_id=version_id, alias=alias)
    except _GONE as error:
        raise NotPossible(_("The object, or this version of it, is not there any more.")) from error
    if not found.is_readable:
        raise NotPossible(_("The object is archived; it must be restored before it can be read."))
    return found


def _web_rendition(photo: Photo | None) -> Rendition:
    made = Rendition.objects.select_related("photo__pet").filter(photo=photo, name=renditions.SHARE).first()
    if made is None:
        raise NotPossible(_("There is no picture in web size, or not yet."))
    return made


def _web_size(made: Rendition) -> Download:
    # Not the name of the file: people write into it what a stranger should not read.
    name = f"{made.photo.pet.name if made.photo.pet else _('photo')}.{made.key.rpartition('.')[2]}"
    shown = content_disposition_header(as_attachment=False, filename=name) or "inline"
    return Download(made.photo.bucket, made.key, "", f"image/{made.format}", shown)


def _count(link: ShareLink) -> None:
    """Count the opening, unless the link was closed since it was read."""
    live = ShareLink.objects.live().filter(pk=link.pk)
    counted = {"opened_count": F("opened_count") + 1, "last_opened_at": timezone.now()}
    if live.filter(opened_count=0).update(**counted):
        _record(link, "link.opened", AuditEvent.Outcome.DONE)
    elif not live.update(**counted):
        raise LinkDead(_("The link was revoked."))


def _note_refused(link: ShareLink, words: str) -> None:
    rows = ShareLink.objects.filter(pk=link.pk)
    counted = {"refused_count": F("refused_count") + 1}
    if rows.filter(refused_count=0).update(**counted):
        _record(link, "link.opened", AuditEvent.Outcome.REFUSED, words)
    else:
        rows.update(**counted)


def _record(link: ShareLink, action: str, outcome: AuditEvent.Outcome, words: str = "") -> None:
    """Keep a stranger's visit; who made the link, and for whom, is what is known of him."""
    audit.record(
        action, target=link, bucket=link.bucket.name, key=link.key, version_id=link.version_id,
        after={"link": link.pk, "made_by": link.made_by_name, "recipient": link.recipient},
        outcome=outcome, message=words,
    )  # fmt: skip
