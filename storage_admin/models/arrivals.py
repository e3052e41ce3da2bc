"""What other programs put into the store, what the store told of it, and how the two ways to know stand."""

from __future__ import annotations

import hashlib
import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Arrival(models.Model):
    """A file that another program put under the upload prefix: one row a file, whoever saw it first.

    `source` is what makes it this file: connection, bucket, key and ETag. `photo` is chosen when the
    row is made, so that a second try gives the same photo, under the same key.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("being taken in")
        TAKEN = "taken", _("is a photo")
        REFUSED = "refused", _("refused")

    class Way(models.TextChoices):
        EVENT = "event", _("an event")
        LOOK = "look", _("a look")

    source = models.CharField(max_length=64, unique=True, editable=False)
    connection = models.CharField(_("connection"), max_length=64)
    bucket = models.CharField(_("bucket"), max_length=255)
    key = models.CharField(_("key"), max_length=1024)
    version_id = models.CharField(_("version"), max_length=1024, blank=True)
    etag = models.CharField("ETag", max_length=128, blank=True)
    bytes = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    photo = models.UUIDField(_("photo"), default=uuid.uuid4, editable=False)
    # Whom the file named, if there is such a pet. No foreign key: it may go again.
    pet = models.UUIDField(_("pet"), null=True, editable=False)
    found_by = models.CharField(_("told by"), max_length=8, choices=Way.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PENDING)
    reason = models.TextField(_("reason"), blank=True)
    seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    tried_at = models.DateTimeField(_("last tried"), default=timezone.now)
    tries = models.PositiveIntegerField(_("tries"), default=0)

    class Meta:
        verbose_name = _("file from outside")
        verbose_name_plural = _("files from outside")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("redrive_event", _("Can try files from outside and dead letters of events again"))]
        indexes = [
            models.Index(fields=["tried_at"], condition=Q(state="pending"), name="arrival_pending"),
            models.Index(fields=["state", "-id"], name="arrival_state"),
            # PostgreSQL finds the beginning of a key only with this class of operators.
            models.Index(fields=["key"], opclasses=["varchar_pattern_ops"], name="arrival_key"),
        ]

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def source_of(connection: str, bucket: str, key: str, etag: str) -> str:
        """Return what a file is told by: keys are too long for an index."""
        return hashlib.sha256(f"{connection}\0{bucket}\0{key}\0{etag}".encode()).hexdigest()


class SeenEvent(models.Model):
    """The newest event of one key, so that an older one that comes late, or the same again, is known as such.

    `order` is the sequencer, filled up; `unordered` names the last event that had none.
    """

    target = models.CharField(max_length=64, unique=True)
    order = models.CharField(max_length=64, blank=True)
    unordered = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="seen_event_at")]

    def __str__(self) -> str:
        return self.target


class EventQueue(models.Model):
    """How the queue stood when a worker asked last: pages ask this row, not the service."""

    name = models.CharField(max_length=80, unique=True)
    waiting = models.PositiveBigIntegerField(_("waiting"), default=0)
    dead = models.PositiveBigIntegerField(_("dead letters"), default=0)
    # When the oldest was sent that the last worker met and left, or had not come to; empty: none.
    behind_since = models.DateTimeField(_("behind since"), null=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    handled_at = models.DateTimeField(_("last event"), null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class EventTrouble(models.Model):
    """Why a message could not be handled, told by its text: a dead letter does not say what it died of."""

    digest = models.CharField(max_length=64, unique=True)
    reason = models.TextField()
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["last_at"], name="event_trouble_at")]

    def __str__(self) -> str:
        return self.reason

    @staticmethod
    def digest_of(body: str) -> str:
        """Return what a message is told by."""
        return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


class Look(models.Model):
    """The scheduled look at one source: where it is, and what the last whole one met."""

    connection = models.CharField(_("connection"), max_length=64)
    bucket = models.CharField(_("bucket"), max_length=255)
    # The last key that was read, with % for what no row can hold; empty: from the beginning.
    cursor = models.TextField(blank=True)
    claim = models.UUIDField(null=True)
    beat_at = models.DateTimeField(_("last sign of life"), null=True)
    begun_at = models.DateTimeField(_("begun"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    met = models.PositiveBigIntegerField(_("objects met"), default=0)
    new = models.PositiveBigIntegerField(_("new"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "bucket"], name="look_once")]

    def __str__(self) -> str:
        return f"{self.connection}/{self.bucket}"
