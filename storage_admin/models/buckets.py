"""The buckets that the portal looks after, what was done to their settings, and what lay in them.

What a bucket is like and what is in it is asked of the store each time; rows keep what was read last.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.s3 import session
from portal.s3.exposure import Public
from portal.s3.types import VersioningState


class BucketManager(models.Manager["Bucket"]):
    """Finds a bucket by what it is called, for fixtures and imports."""

    def get_by_natural_key(self, connection: str, name: str) -> Bucket:
        """Return the bucket of a connection by its name."""
        return self.get(connection=connection, name=name)


class Bucket(models.Model):
    """One bucket of one connection: the row below which its pages hang.

    Rows come from looking (`storage_admin.buckets.looking`) and stay when the bucket goes: `gone_since`
    then says since when. `region`, `versioning`, `last_error` and the four below "What a check
    found" are what was read last; empty means never.
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

    # What a check found (storage_admin.buckets.posture).
    encryption = models.CharField(_("encryption"), max_length=16, blank=True, editable=False)
    public = models.CharField(
        _("public"),
        max_length=10,
        blank=True,
        editable=False,
        choices=[
            (Public.YES.value, _("public")),
            (Public.NO.value, _("not public")),
            (Public.UNKNOWN.value, _("unknown")),
        ],
    )
    lifecycle_rules = models.PositiveSmallIntegerField(
        _("lifecycle rules"), null=True, blank=True, editable=False
    )
    # How many checks "passed", "warned", "failed", and could not be made ("unknown").
    posture = models.JSONField(_("posture"), null=True, blank=True, editable=False)
    posture_at = models.DateTimeField(_("posture checked"), null=True, blank=True, editable=False)

    objects = BucketManager()

    class Meta:
        verbose_name = _("bucket")
        verbose_name_plural = _("buckets")
        ordering = ["connection", "name"]
        # One right for each kind of danger; docs/security.md says which role has which.
        permissions = [
            ("download_object", _("Can download objects that are no photo's original")),
            ("share_object", _("Can make share links and temporary links")),
            ("hide_object", _("Can delete objects of versioned buckets (hide them)")),
            ("recover_object", _("Can undelete objects and restore their old versions")),
            ("upload_object", _("Can upload and copy objects into buckets")),
            ("edit_object", _("Can edit metadata, headers and tags of objects")),
            ("change_object_class", _("Can change storage classes and restore archived objects")),
            ("encrypt_object", _("Can encrypt objects with another key")),
            ("change_object_acl", _("Can change ACLs of objects")),
            ("make_public", _("Can make objects and buckets readable to the world")),
            ("lock_object", _("Can set retention and legal hold")),
            ("bypass_governance", _("Can shorten or lift governance retention")),
            ("destroy_version", _("Can destroy versions for good")),
            ("empty_bucket", _("Can empty buckets")),
            ("count_usage", _("Can count what lies in buckets")),
            ("reconcile_bucket", _("Can compare photos with their bucket and repair what differs")),
            ("configure_bucket", _("Can change the settings of buckets")),
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
    def is_simulated(self) -> bool:
        """Whether a simulator answers, so that nothing in the bucket is kept."""
        return self.is_connected and session.connection(self.connection).is_simulated

    @property
    def holds_photos(self) -> bool:
        """Whether rows of photos point into this bucket."""
        return (self.connection, self.name) == (session.DEFAULT, settings.AWS_STORAGE_BUCKET_NAME)


class BucketChange(models.Model):
    """One change of a bucket's settings: written before the store is asked, ended after it answered.

    A row that stays BEGUN tells that the portal was interrupted: what the store says now decides.
    `before` and `after` are what the setting's `as_data` makes of a value; `before` is the inverse.
    """

    class State(models.TextChoices):
        BEGUN = "begun", _("interrupted")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    bucket = models.ForeignKey(
        Bucket, models.PROTECT, related_name="changes", verbose_name=_("bucket"), editable=False
    )
    setting = models.CharField(_("setting"), max_length=32, editable=False)
    before = models.JSONField(_("before"), editable=False)
    after = models.JSONField(_("after"), editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.BEGUN, editable=False
    )
    message = models.TextField(_("message"), blank=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    begun_at = models.DateTimeField(_("when"), auto_now_add=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    undo_of = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="undone_by", editable=False
    )

    class Meta:
        verbose_name = _("change of a bucket")
        verbose_name_plural = _("changes of buckets")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["bucket", "-id"], name="change_of_bucket")]

    def __str__(self) -> str:
        return f"{self.bucket}: {self.setting}"


class UsageSnapshot(models.Model):
    """How much lay in a bucket when it was counted; `ended_at` empty: the count is still going on.

    `counts` maps a storage class to {"objects", "bytes", "older", "older_bytes"}; markers and
    uploads have no class. `prefixes` is what `buckets.prefixes` makes of folders; empty in old ones.
    `upload_bytes` are the parts of `uploads_sized` uploads; of the others the store told nothing.
    A count goes on from `cursor`, so it survives the worker.
    """

    bucket = models.ForeignKey(
        Bucket, models.CASCADE, related_name="snapshots", verbose_name=_("bucket"), editable=False
    )
    begun_at = models.DateTimeField(_("begun"), auto_now_add=True, editable=False)
    beat_at = models.DateTimeField(_("last sign of life"), auto_now=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    cursor = models.JSONField(null=True, editable=False)
    counts = models.JSONField(_("by class"), default=dict, editable=False)
    markers = models.PositiveBigIntegerField(_("delete markers"), default=0, editable=False)
    uploads = models.PositiveBigIntegerField(_("open uploads"), default=0, editable=False)
    upload_bytes = models.PositiveBigIntegerField(_("bytes of open uploads"), default=0, editable=False)
    uploads_sized = models.PositiveBigIntegerField(default=0, editable=False)
    prefixes = models.JSONField(_("by prefix"), default=dict, editable=False)
    error = models.TextField(_("error"), blank=True, editable=False)
    # Of the inventory report that was counted in place of the bucket's list: where it is, and of when.
    report = models.JSONField(default=dict, editable=False)
    report_at = models.DateTimeField(_("report of"), null=True, editable=False)

    class Meta:
        verbose_name = _("usage snapshot")
        verbose_name_plural = _("usage snapshots")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["bucket", "-id"], name="snapshot_of_bucket")]

    def __str__(self) -> str:
        return f"{self.bucket}, {self.begun_at:%Y-%m-%d}"
