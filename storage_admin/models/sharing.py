"""Share links: who gave what to whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import spelling
from storage_admin.models.buckets import Bucket


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    """Share links by whether they open. A link ends by the clock; the timetable closes its row afterwards."""

    def live(self) -> ShareLinkQuerySet:
        """Return those that are neither revoked nor at their end."""
        return self.filter(revoked_at__isnull=True, closed_at__isnull=True, expires_at__gt=timezone.now())

    def expired(self) -> ShareLinkQuerySet:
        """Return those that came to their end without being revoked."""
        ended = Q(expires_at__lte=timezone.now()) | Q(closed_at__isnull=False)
        return self.filter(ended, revoked_at__isnull=True)

    def unclosed(self) -> ShareLinkQuerySet:
        """Return those that came to their end, and whose rows nobody has closed."""
        return self.expired().filter(closed_at__isnull=True)

    def revoked(self) -> ShareLinkQuerySet:
        """Return those that somebody closed."""
        return self.filter(revoked_at__isnull=False)


class ShareLink(models.Model):
    """An address of the portal that lets whoever has it fetch one picture or file until it ends.

    Rows are the register of who gave what to whom: they stay when the link has ended. The address
    itself is not in them, only its digest (`storage_admin.sharing.links` says why).
    """

    class Size(models.TextChoices):
        WEB = "web", _("web size")
        ORIGINAL = "original", _("original")

    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    bucket = models.ForeignKey(
        Bucket, models.PROTECT, related_name="share_links", verbose_name=_("bucket"), editable=False,
        db_index=False,  # `share_of_bucket` begins with it
    )  # fmt: skip
    key = models.CharField(_("key"), max_length=1024, editable=False)
    # What was shown when the link was made. The ETag holds where a bucket gives no versions, too.
    version_id = models.CharField(_("version"), max_length=1024, blank=True, editable=False)
    etag = models.CharField("ETag", max_length=128, blank=True, editable=False)
    # An id and no foreign key: the link of a purged photo must not turn into one of a mere object.
    photo_uuid = models.UUIDField(_("photo"), null=True, editable=False)
    size = models.CharField(_("size"), max_length=8, choices=Size.choices, editable=False)
    recipient = models.CharField(_("for whom"), max_length=200, editable=False)
    reason = models.CharField(_("why"), max_length=300, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False,
        db_index=False,  # `share_of_maker` begins with it
    )  # fmt: skip
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    made_at = models.DateTimeField(_("made"), auto_now_add=True, editable=False)
    expires_at = models.DateTimeField(_("ends"), editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by_name = models.CharField(_("revoked by"), max_length=150, blank=True, editable=False)
    # When its end was written into the audit; from then on no clock that is set back opens it again.
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    opened_count = models.PositiveBigIntegerField(_("opened"), default=0, editable=False)
    last_opened_at = models.DateTimeField(_("last opened"), null=True, editable=False)
    refused_count = models.PositiveBigIntegerField(_("tried in vain"), default=0, editable=False)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("share link")
        verbose_name_plural = _("share links")
        ordering = ["-id"]
        # Making one is `share_object`; revoking belongs to its maker and to `change_bucket`.
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["bucket", "-id"], name="share_of_bucket"),
            models.Index(fields=["made_by", "-id"], name="share_of_maker"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {spelling.plain(self.key.rpartition('/')[2] or self.key)}"

    @property
    def is_live(self) -> bool:
        """Whether it is neither revoked nor at its end; what it leads to may be gone nevertheless."""
        return self.revoked_at is None and self.closed_at is None and self.expires_at > timezone.now()
