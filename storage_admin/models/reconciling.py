"""Scans that compare photos' rows with the objects of their bucket, and what they found."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scan(models.Model):
    """One look at every row and every object; only a COMPLETE one says anything about either.

    `cursor` is where the next piece of work begins. `counts` holds how many entries were listed
    ("entries"), how many current objects below the photos' own prefixes are among them ("objects"),
    and elsewhere ("other"), how many photos' rows were compared ("rows"), how many point into another
    bucket ("elsewhere"), how many keys no row can spell ("odd"), how many ACLs were read
    ("acls_read"), and the findings by their kind.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        COMPLETE = "complete", _("complete")
        INCOMPLETE = "incomplete", _("incomplete")

    class Trigger(models.TextChoices):
        PERSON = "person", _("a person")
        SCHEDULE = "schedule", _("the timetable")
        COMMAND = "command", _("a command")

    class Acls(models.TextChoices):
        """Whose ACLs the scan reads: one call each, so those of some unless somebody asks for all."""

        NONE = "", _("not looked at")
        SOME = "some", _("of some objects; the next scan goes on from there")
        ALL = "all", _("of all objects")
        OFF = "off", _("nothing to compare: the bucket's owner owns every object, so ACLs count for nothing")
        LACKING = "lacking", _("not compared: the store has no ACLs")
        REFUSED = "refused", _("not known: the store did not let them be read")

    bucket = models.ForeignKey(
        "storage_admin.Bucket", models.CASCADE, related_name="scans", verbose_name=_("bucket"), editable=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RUNNING, editable=False
    )
    # Why it is incomplete, or what it waits for.
    problem = models.TextField(_("problem"), blank=True, editable=False)
    # Why its findings are not to be acted upon although it is complete.
    alarm = models.TextField(_("alarm"), blank=True, editable=False)
    # Of the inventory report that was read in place of the bucket's list: where it is, and of when.
    report = models.JSONField(default=dict, editable=False)
    report_at = models.DateTimeField(_("report of"), null=True, editable=False)
    # False: a dry run of the command; it only counts.
    keeps_findings = models.BooleanField(default=True, editable=False)
    acls = models.CharField(_("ACLs"), max_length=8, choices=Acls.choices, blank=True, editable=False)
    cursor = models.JSONField(default=dict, editable=False)
    counts = models.JSONField(_("counts"), default=dict, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    beat_at = models.DateTimeField(_("last sign of life"), default=timezone.now, editable=False)
    trigger = models.CharField(
        _("trigger"), max_length=10, choices=Trigger.choices, default=Trigger.SCHEDULE, editable=False
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    made_by_name = models.CharField(_("who"), max_length=150, editable=False)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    class Meta:
        verbose_name = _("scan of a bucket")
        verbose_name_plural = _("scans of buckets")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            # One at all, for they share the table of what was listed.
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_scan_at_work"),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True)
                | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="scan_ended_at",
            ),
        ]
        indexes = [models.Index(fields=["bucket", "-id"], name="scan_of_bucket")]

    def __str__(self) -> str:
        return f"{self.bucket}, {self.begun_at:%Y-%m-%d %H:%M}"

    @property
    def as_of(self) -> datetime:
        """The moment that is spoken of: what changed later is left out of the comparison.

        That of the report; while its suspicions are looked at again, when asking about them began.
        """
        if asked := self.cursor.get("asked_at"):
            return datetime.fromisoformat(asked)
        return self.report_at or self.begun_at


class Suspicion(models.Model):
    """A key that an inventory report speaks against, kept until row and store have been asked again.

    Only of the one scan at work; then the table is emptied.
    """

    key = models.CharField(max_length=1024, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class StagedEntry(models.Model):
    """An entry of the bucket's list, kept while the one scan at work compares it; then the table is emptied.

    Originals have all their versions here, everything else only what is current. `is_hidden`: a delete
    marker lies on top. `photo` is whose rendition it is, by its key. `version_id` as rows of photos
    have it: empty without versions.
    """

    key = models.CharField(max_length=1024)
    version_id = models.CharField(max_length=1024)
    is_latest = models.BooleanField()
    is_hidden = models.BooleanField()
    bytes = models.BigIntegerField()
    etag = models.CharField(max_length=128)
    storage_class = models.CharField(max_length=64)
    modified_at = models.DateTimeField()
    photo = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["key"], name="staged_entry_key")]

    def __str__(self) -> str:
        return self.key


class Finding(models.Model):
    """Something that rows and objects do not agree about, from the scan that saw it first until it is gone.

    `target` is the SHA-256 of key and version: the same thing found again is the same row. `facts`
    are what row and store said, by name, as [row, store].
    """

    class Kind(models.TextChoices):
        DANGLING = "dangling", _("original missing")
        HIDDEN = "hidden", _("original hidden by a delete marker")
        WRONG_SIZE = "wrong-size", _("another size than the row says")
        WRONG_ETAG = "wrong-etag", _("another ETag than the row says")
        WRONG_ACL = "wrong-acl", _("an ACL that lets others in")
        OVERWRITTEN = "overwritten", _("overwritten by another program")
        ARCHIVED = "archived", _("in an archive class")
        ORPHAN = "orphan", _("object without a row")
        LOOSE_RENDITION = "loose-rendition", _("rendition without a row")
        LEFTOVER = "leftover", _("refused and removed, but still there")
        MISSING_RENDITION = "missing-rendition", _("rendition missing")
        DUPLICATE = "duplicate", _("same bytes as another photo")

    class State(models.TextChoices):
        """SET_ASIDE: dealt with, and still so: the photo is marked as missing, the object has a tag."""

        OPEN = "open", _("open")
        REPAIRED = "repaired", _("repaired")
        SET_ASIDE = "set-aside", _("set aside")
        GONE = "gone", _("gone by itself")
        IGNORED = "ignored", _("ignored")

    bucket = models.ForeignKey(
        "storage_admin.Bucket", models.CASCADE, related_name="findings", verbose_name=_("bucket")
    )
    # The last one that saw it; none where an event of the store told it, and no scan was since.
    scan = models.ForeignKey(
        Scan, models.CASCADE, related_name="findings", verbose_name=_("scan"), null=True, blank=True
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    target = models.CharField(max_length=64)
    key = models.CharField(_("key"), max_length=1024)
    version_id = models.CharField(_("version"), max_length=1024, blank=True)
    # No foreign key: the row may be gone, or never have been there.
    photo = models.UUIDField(_("photo"), null=True)
    facts = models.JSONField(_("row and store"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    message = models.TextField(_("what came of it"), blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["bucket", "kind", "target"], name="finding_once")]
        indexes = [models.Index(fields=["bucket", "state", "kind", "id"], name="finding_by_state")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}"

    @staticmethod
    def target_of(key: str, version_id: str) -> str:
        """Return the name of a version by which findings are told apart: keys are too long for an index."""
        return hashlib.sha256(f"{key}\0{version_id}".encode()).hexdigest()
