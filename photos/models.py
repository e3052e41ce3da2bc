"""Photos of pets, and the renditions derived from them."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pets.models import Pet
from photos.choices import CONTENT_TYPES, PhotoStatus, Rotation
from photos.querysets import ARRIVED, LIVE, OUT_OF_SIGHT, TO_REMOVE, TRASHED, UNFINISHED, PhotoQuerySet

SHA256 = r"^([0-9a-f]{64})?$"


class Photo(models.Model):
    """One photo: the row is the truth about it, the original in S3 is never altered.

    `version_id` pins the exact bytes: whatever happens to the key, this is what is read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pet = models.ForeignKey(
        Pet, models.PROTECT, null=True, blank=True, related_name="photos", verbose_name=_("pet"),
        db_index=False,  # `photo_pet_created` begins with it
    )  # fmt: skip
    also_shows = models.ManyToManyField(
        Pet,
        blank=True,
        related_name="linked_photos",
        verbose_name=_("also shows"),
        help_text=_("Other pets on the photo, such as the rest of a litter."),
    )
    caption = models.CharField(_("caption"), max_length=300, blank=True)
    alt_text = models.CharField(_("description for those who cannot see it"), max_length=300, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_primary = models.BooleanField(_("main photo"), default=False)
    is_published = models.BooleanField(_("published"), default=False)
    rotation = models.PositiveSmallIntegerField(_("turn"), choices=Rotation.choices, default=Rotation.NONE)

    # Where it is stored
    bucket = models.CharField(_("bucket"), max_length=63)
    key = models.CharField(_("key"), max_length=1024)
    version_id = models.CharField(_("version"), max_length=1024, blank=True)
    etag = models.CharField("ETag", max_length=128, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(_("size in bytes"))
    content_type = models.CharField(_("type"), max_length=32, choices=CONTENT_TYPES)
    # Facts of the version before a replacement, until the new one has proved to be a picture.
    previous = models.JSONField(null=True, blank=True, editable=False)

    # Versions of replacements that proved to be no pictures; `storage_admin` removes them.
    refused_versions = models.JSONField(default=list, blank=True, editable=False)

    # What it shows, as found in the file
    width = models.PositiveIntegerField(_("width in pixels"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height in pixels"), null=True, blank=True)
    file_name = models.CharField(_("file name as sent"), max_length=255)
    # Cameras write local time without a zone: stored as they wrote it.
    taken_at = models.CharField(_("taken"), max_length=19, blank=True)
    camera = models.CharField(_("camera"), max_length=120, blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )  # fmt: skip
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )  # fmt: skip

    # Where it is on its way
    status = models.CharField(
        _("status"), max_length=10, choices=PhotoStatus.choices, default=PhotoStatus.PENDING
    )
    reason = models.TextField(_("reason"), blank=True)
    duplicate_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("same picture as"),
    )  # fmt: skip
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    claimed_at = models.DateTimeField(_("taken up"), null=True, blank=True, editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    status_changed_at = models.DateTimeField(_("status since"), default=timezone.now, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("uploaded by"),
    )  # fmt: skip
    uploaded_by_name = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    # Set when a refused photo's original is gone from the bucket, every version of it.
    original_removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Set by the purge of the trash before it touches the bucket: from here on no restore.
    purge_started_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Renditions under other digests, or refused versions, lie in the bucket since then; pages may
    # still show the renditions.
    leftovers_since = models.DateTimeField(null=True, blank=True, editable=False)
    # For queries and indexes; a row in memory has `is_live`, which follows its status at once.
    live = models.GeneratedField(
        expression=models.ExpressionWrapper(~Q(status__in=OUT_OF_SIGHT), models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["-created_at", "-id"]
        permissions = [
            ("view_photo_location", _("Can see where a photo was taken")),
            ("download_original", _("Can download the original file")),
            ("publish_photo", _("Can publish photos")),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], condition=LIVE, name="photo_live_created"),
            models.Index(fields=["status", "-created_at", "-id"], name="photo_status_created"),
            # For one pet's photos, for those without a pet, and for the newest of many pets: `live`
            # stands last so that no row is read to leave the others out.
            models.Index(fields=["pet", "-created_at", "-id", "live"], name="photo_pet_created"),
            # Of the few that are published alone: a planner takes it also beside a filter by status.
            models.Index(
                fields=["-created_at", "-id"],
                condition=LIVE & Q(is_published=True),
                name="photo_published_created",
            ),
            models.Index(
                fields=["content_type", "-created_at", "-id"], condition=LIVE, name="photo_type_created"
            ),
            models.Index(fields=["sha256"], condition=~Q(sha256=""), name="photo_sha256"),
            # PostgreSQL finds the beginning of a name only with this class of operators.
            models.Index(fields=["file_name"], opclasses=["varchar_pattern_ops"], name="photo_file_name"),
            models.Index(fields=["status_changed_at"], condition=UNFINISHED, name="photo_unfinished"),
            models.Index(fields=["status_changed_at"], condition=TRASHED, name="photo_trash"),
            models.Index(fields=["status_changed_at"], condition=TO_REMOVE, name="photo_to_remove"),
            models.Index(
                fields=["leftovers_since"], condition=Q(leftovers_since__isnull=False), name="photo_leftovers"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PhotoStatus.values),
                name="photo_status_known",
                violation_error_message=_("This is no status of a photo."),
            ),
            # A CHECK lets pass what it cannot tell, and NULL > 0 is neither true nor false: say "not null".
            models.CheckConstraint(
                condition=~Q(status=PhotoStatus.READY)
                | (
                    Q(bytes__gt=0, width__isnull=False, width__gt=0, height__isnull=False, height__gt=0)
                    & ~Q(sha256="")
                    & ~Q(etag="")
                ),
                name="photo_ready_has_facts",
                violation_error_message=_("A photo is ready only when its size and dimensions are known."),
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[PhotoStatus.REJECTED, PhotoStatus.FAILED]) | ~Q(reason=""),
                name="photo_refusal_has_reason",
                violation_error_message=_("A photo that is refused or failed needs a reason."),
            ),
            models.CheckConstraint(
                condition=~Q(status=PhotoStatus.PROCESSING)
                | Q(claimed_at__isnull=False, claim__isnull=False),
                name="photo_processing_is_claimed",
                violation_error_message=_("A photo is processed only by the worker that claimed it."),
            ),
            models.CheckConstraint(
                condition=Q(rotation__in=Rotation.values),
                name="photo_rotation_quarter",
                violation_error_message=_("A photo is turned by quarters: 0, 90, 180 or 270 degrees."),
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=SHA256),
                name="photo_sha256_form",
                violation_error_message=_("A SHA-256 digest has 64 hexadecimal digits."),
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, latitude__gte=-90, latitude__lte=90)
                & Q(longitude__isnull=False, longitude__gte=-180, longitude__lte=180),
                name="photo_location_on_earth",
                violation_error_message=_(
                    "A location has a latitude within ±90 and a longitude within ±180."
                ),
            ),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(pet__isnull=False),
                name="photo_main_has_pet",
                violation_error_message=_("Only a photo of a pet can be its main photo."),
            ),
            models.UniqueConstraint(
                fields=["pet"],
                condition=LIVE & Q(is_primary=True),
                name="photo_one_main",
                violation_error_message=_("The pet has another main photo."),
            ),
            models.UniqueConstraint(
                fields=["pet", "sha256"],
                condition=ARRIVED & ~Q(sha256=""),
                name="photo_once_per_pet",
                violation_error_message=_("The pet has this very photo already."),
            ),
            models.UniqueConstraint(
                fields=["sha256"],
                condition=ARRIVED & ~Q(sha256="") & Q(pet__isnull=True),
                name="photo_once_unassigned",
                violation_error_message=_("This very photo waits for a pet already."),
            ),
            models.UniqueConstraint(
                fields=["key", "bucket"],  # in this order: the search knows the key alone
                name="photo_key_unique",
                violation_error_message=_("Another photo is stored under this key."),
            ),
        ]

    def __str__(self) -> str:
        return self.caption or self.file_name

    def get_absolute_url(self) -> str:
        return reverse("admin:photos_photo_change", args=[self.pk])

    @property
    def is_live(self) -> bool:
        """Whether the photo is neither refused nor in the trash; the same as `querysets.LIVE`."""
        return self.status not in OUT_OF_SIGHT

    @property
    def purge_at(self) -> datetime | None:
        """When a photo in the trash goes for good."""
        if self.status != PhotoStatus.TRASHED:
            return None
        return self.status_changed_at + timedelta(days=settings.TRASH_DAYS)


class Rendition(models.Model):
    """A smaller picture made from a photo: pixels and nothing else; it can be made again."""

    photo = models.ForeignKey(Photo, models.CASCADE, related_name="renditions", verbose_name=_("photo"))
    name = models.CharField(_("name"), max_length=16)
    format = models.CharField(_("format"), max_length=8)
    key = models.CharField(_("key"), max_length=1024)
    width = models.PositiveIntegerField(_("width in pixels"))
    height = models.PositiveIntegerField(_("height in pixels"))
    bytes = models.PositiveBigIntegerField(_("size in bytes"))
    digest = models.CharField(_("digest of what it was made from"), max_length=64)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        ordering = ["photo", "name"]
        constraints = [
            models.UniqueConstraint(fields=["photo", "name", "format"], name="rendition_once"),
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0, bytes__gt=0), name="rendition_has_facts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.width} × {self.height}"


class PetWithoutPhoto(models.Model):
    """A pet that no live photo shows as its own. Triggers keep these rows: see `photos.unpictured`."""

    pet = models.OneToOneField(Pet, models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pet_id)


def without_photo(pets: QuerySet[Pet]) -> QuerySet[Pet]:
    """Return those of the pets that no live photo shows as their own."""
    return pets.filter(pk__in=PetWithoutPhoto.objects.values("pet"))
