"""Closed lists of words for pets; the value is stored, the label is shown."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Species(TextChoices):
    DOG = "dog", _("dog")
    CAT = "cat", _("cat")
    RABBIT = "rabbit", _("rabbit")
    RODENT = "rodent", _("rodent")
    FERRET = "ferret", _("ferret")
    BIRD = "bird", _("bird")
    REPTILE = "reptile", _("reptile")
    HORSE = "horse", _("horse")
    OTHER = "other", _("other")


class Sex(TextChoices):
    FEMALE = "female", _("female")
    MALE = "male", _("male")
    UNKNOWN = "unknown", _("unknown")


class Neutered(TextChoices):
    YES = "yes", _("yes")
    NO = "no", _("no")
    UNKNOWN = "unknown", _("unknown")


class Status(TextChoices):
    WITH_OWNER = "with_owner", _("with owner")
    LOST = "lost", _("lost")
    FOUND = "found", _("found")
    IN_CARE = "in_care", _("in care")
    ADOPTED = "adopted", _("adopted")
    DECEASED = "deceased", _("deceased")
