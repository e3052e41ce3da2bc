"""Makers of rows for tests; traits name what is special about one."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import factory
from django.contrib.auth.models import Permission
from django.utils import timezone

from pets.choices import Species, Status
from pets.models import Owner, Pet, StatusChange, WeightRecord
from photos import renditions
from photos.choices import PhotoStatus
from photos.imaging import RenditionSpec
from photos.models import Photo, Rendition
from portal.models import User
from storage_admin.models import AnalyticsExport, Arrival, Bucket, GlueRun, Job, MirrorItem, ShareLink


class UserFactory(factory.django.DjangoModelFactory):
    """A member of staff without rights; `rights=["pets.view_pet"]` gives some."""

    username = factory.Sequence(lambda n: f"user{n}")
    # Unusable: hashing one takes a third of a second, and tests sign in with `force_login`.
    password = factory.django.Password(None)
    is_staff = True

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        superuser = factory.Trait(is_superuser=True)

    @factory.post_generation
    def rights(self: Any, create: bool, names: Any, **_kwargs: Any) -> None:
        for name in names or ():
            app, codename = name.split(".")
            self.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


class OwnerFactory(factory.django.DjangoModelFactory):
    """An owner; nothing of contact data unless `contactable`."""

    name = factory.Sequence(lambda n: f"Owner {n}")

    class Meta:
        model = Owner

    class Params:
        contactable = factory.Trait(
            phone="+49 170 1234567",
            email="ann@example.org",
            address="Hidden Lane 5",
            contact_consent=True,
        )


class PetFactory(factory.django.DjangoModelFactory):
    """A live dog without codes."""

    name = factory.Sequence(lambda n: f"Pet {n}")
    species = Species.DOG

    class Meta:
        model = Pet

    class Params:
        chipped = factory.Trait(microchip=factory.Sequence(lambda n: f"276{n:012}"))
        tracked = factory.Trait(tracker_vendor="Tractive", tracker_id=factory.Sequence(lambda n: f"TR{n}"))
        owned = factory.Trait(owner=factory.SubFactory(OwnerFactory))
        trashed = factory.Trait(trashed_at=factory.LazyFunction(timezone.now))
        deceased = factory.Trait(status=Status.DECEASED, deceased_date=date(2020, 1, 2))


class WeightRecordFactory(factory.django.DjangoModelFactory):
    """A weighing of 25.50 kg."""

    pet = factory.SubFactory(PetFactory)
    kg = Decimal("25.50")

    class Meta:
        model = WeightRecord


class StatusChangeFactory(factory.django.DjangoModelFactory):
    """The entry of a pet that got lost."""

    pet = factory.SubFactory(PetFactory)
    from_status = Status.WITH_OWNER
    to_status = Status.LOST

    class Meta:
        model = StatusChange


class PhotoFactory(factory.django.DjangoModelFactory):
    """A ready photo of a live pet, as rows alone: nothing of it lies in a bucket."""

    pet = factory.SubFactory(PetFactory)
    bucket = "pettracker-tests"
    key = factory.LazyAttribute(
        lambda photo: f"photos/{photo.pet.pk if photo.pet else 'unassigned'}/{photo.file_name}"
    )
    file_name = factory.Sequence(lambda n: f"IMG_{n:04}.jpg")
    bytes = 12_345
    content_type = "image/jpeg"
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    etag = factory.Sequence(lambda n: f"{n:032x}")
    version_id = factory.Sequence(lambda n: f"version{n}")
    width = 4000
    height = 3000
    status = PhotoStatus.READY
    queued_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Photo
        skip_postgeneration_save = True

    class Params:
        unprocessed = factory.Trait(width=None, height=None)
        stored = factory.Trait(unprocessed=True, status=PhotoStatus.STORED)
        pending = factory.Trait(
            unprocessed=True, status=PhotoStatus.PENDING, etag="", version_id="", queued_at=None
        )
        processing = factory.Trait(
            unprocessed=True,
            status=PhotoStatus.PROCESSING,
            claim=factory.LazyFunction(uuid4),
            claimed_at=factory.LazyFunction(timezone.now),
            attempts=1,
        )
        failed = factory.Trait(unprocessed=True, status=PhotoStatus.FAILED, reason="Unexpected: a test.")
        rejected = factory.Trait(unprocessed=True, status=PhotoStatus.REJECTED, reason="It is damaged.")
        trashed = factory.Trait(status=PhotoStatus.TRASHED)

    @factory.post_generation
    def renditions(self: Any, create: bool, wanted: Any, **_kwargs: Any) -> None:
        """`renditions=True` adds the rows of all that a ready photo has."""
        if wanted:
            for spec in renditions.specs():
                RenditionFactory(photo=self, name=spec.name, format=spec.format)


class RenditionFactory(factory.django.DjangoModelFactory):
    """The tile of a photo, made from what the photo's row says."""

    photo = factory.SubFactory(PhotoFactory)
    name = renditions.TILE
    format = "webp"
    width = 160
    height = 160
    bytes = 4_321
    digest = factory.LazyAttribute(
        lambda made: renditions.digest(made.photo, made.photo.sha256, _spec(made.name))
    )
    key = factory.LazyAttribute(lambda made: renditions.key(made.photo, made.photo.sha256, _spec(made.name)))

    class Meta:
        model = Rendition


class BucketFactory(factory.django.DjangoModelFactory):
    """A bucket of the default connection, as a row alone."""

    connection = "default"
    name = factory.Sequence(lambda n: f"bucket-{n}")
    region = "us-east-1"
    last_checked = factory.LazyFunction(timezone.now)

    class Meta:
        model = Bucket


class JobFactory(factory.django.DjangoModelFactory):
    """A planned job over a whole bucket, as a row alone."""

    bucket = factory.SubFactory(BucketFactory)
    kind = "destroy"
    prefix = ""
    selection = factory.LazyAttribute(lambda made: {"what": "versions", "prefix": made.prefix})
    parameters = factory.LazyFunction(lambda: {"which": "everything"})
    state = "planned"
    made_by_name = "ada"

    class Meta:
        model = Job


class ShareLinkFactory(factory.django.DjangoModelFactory):
    """A link to an object, open for another week; its token opens nothing, since nobody knows it."""

    token_sha256 = factory.Sequence(lambda n: f"{n:064x}")
    bucket = factory.SubFactory(BucketFactory)
    key = factory.Sequence(lambda n: f"folder/object-{n}")
    version_id = "version"
    etag = "etag"
    size = ShareLink.Size.ORIGINAL
    recipient = "the vet"
    reason = "an operation"
    made_by = factory.SubFactory(UserFactory)
    made_by_name = factory.SelfAttribute("made_by.username")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

    class Meta:
        model = ShareLink

    class Params:
        ended = factory.Trait(expires_at=factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=1)))
        revoked = factory.Trait(
            revoked_at=factory.LazyFunction(timezone.now), revoked_by_name="somebody else"
        )


def _spec(name: str) -> RenditionSpec:
    return next(spec for spec in renditions.specs() if spec.name == name)


class ArrivalFactory(factory.django.DjangoModelFactory):
    """A file from outside that nobody could take in yet."""

    source = factory.Sequence(lambda n: f"{n:064x}")
    connection = "default"
    bucket = "photos"
    key = factory.Sequence(lambda n: f"incoming/file-{n}.jpg")
    found_by = Arrival.Way.LOOK

    class Meta:
        model = Arrival


class MirrorItemFactory(factory.django.DjangoModelFactory):
    """A pet that DynamoDB must be told of."""

    table = MirrorItem.Table.PETS
    item = factory.LazyFunction(uuid4)
    changes = 1
    sent = 0
    error = ""
    attempts = 0

    class Meta:
        model = MirrorItem


class AnalyticsExportFactory(factory.django.DjangoModelFactory):
    """An export that is done, as a row alone."""

    name = factory.Sequence(lambda n: f"20261201T{n:012}Z")
    day = date(2026, 12, 1)
    connection = "default"
    bucket = "analytics"
    prefix = "analytics/"
    state = "done"
    files = factory.LazyFunction(
        lambda: [{"table": "pets", "key": "k", "rows": 3, "bytes": 2_048, "sha256": "0" * 64}]
    )
    made_by_name = "portal"
    begun_at = factory.LazyFunction(timezone.now)
    ended_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = AnalyticsExport


class GlueRunFactory(factory.django.DjangoModelFactory):
    """A run that somebody asked for, and that no worker started yet."""

    job = "report"
    ask = factory.Sequence(lambda n: f"form:{n}")
    trigger = GlueRun.Trigger.PERSON
    made_by_name = "ada"

    class Meta:
        model = GlueRun

    class Params:
        failed = factory.Trait(
            state="FAILED", error="It broke.", run_id="jr_1", seconds=12,
            ended_at=factory.LazyFunction(timezone.now),
        )  # fmt: skip
