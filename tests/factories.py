"""Makers of rows for tests; traits name what is special about one."""

from datetime import date
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.models import Permission
from django.utils import timezone

from pets.choices import Species, Status
from pets.models import Owner, Pet, StatusChange, WeightRecord
from portal.models import User


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
