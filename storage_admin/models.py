"""The buckets that the portal looks after. What is in them is asked of the store each time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.s3 import session
from portal.s3.types import VersioningState


class BucketManager(models.Manager["Bucket"]):
    """Finds a bucket by what it is called, for fixtures and imports."""

    def get_by_natural_key(self, connection: str, name: str) -> Bucket:
        """Return the bucket of a connection by its name."""
        return self.get(connection=connection, name=name)


class Bucket(models.Model):
    """One bucket of one connection: the row below which its pages hang.

    Rows come from looking (`storage_admin.looking`) and stay when the bucket goes: `gone_since`
    then says since when. `versioning`, `region` and `last_error` are what was read last.
    """

    connection = models.CharField(_("connection"), max_length=64)
    # Today's names have at most 63 characters; buckets of before 2018 in us-east-1 may have 255.
    name = models.CharField(_("name"), max_length=255)
    region = models.CharField(_("region"), max_length=64, blank=True)
    versioning = models.CharField(
        _("versioning"),
        max_length=10,
        blank=True,
        choices=[
            (VersioningState.NEVER_SET.value, _("never set")),
            (VersioningState.ENABLED.value, _("Enabled")),
            (VersioningState.SUSPENDED.value, _("Suspended")),
        ],
    )
    first_seen = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    last_checked = models.DateTimeField(_("last check"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    gone_since = models.DateTimeField(_("gone since"), null=True, blank=True, editable=False)

    objects = BucketManager()

    class Meta:
        verbose_name = _("bucket")
        verbose_name_plural = _("buckets")
        ordering = ["connection", "name"]
        # One right for each kind of danger; docs/security.md says which role has which.
        permissions = [
            ("download_object", _("Can download objects that are no photo's original")),
            ("share_object", _("Can make temporary links to objects")),
            ("hide_object", _("Can delete objects of versioned buckets (hide them)")),
            ("recover_object", _("Can undelete objects and restore their old versions")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name"],
                name="bucket_once",
                violation_error_message=_("This bucket is in the list already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("admin:storage_admin_bucket_browse", args=[self.pk])

    def natural_key(self) -> tuple[str, str]:
        return (self.connection, self.name)

    @property
    def is_connected(self) -> bool:
        """Whether the settings still name the bucket's connection."""
        return self.connection in settings.S3_CONNECTIONS

    @property
    def holds_photos(self) -> bool:
        """Whether rows of photos point into this bucket."""
        return (self.connection, self.name) == (session.DEFAULT, settings.AWS_STORAGE_BUCKET_NAME)
