"""The animal itself."""

import secrets
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Substr
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from pets import microchip
from pets.choices import Neutered, Sex, Species, Status
from pets.fields import CodeField, MicrochipField
from pets.models.owner import Owner
from pets.models.rules import RulesModel, validate_not_in_future
from pets.querysets import LIVE, TRASHED, PetQuerySet, carries

# Without 0/O, 1/I/L, U: people read references out over the telephone.
_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE = r"^[A-Z0-9][A-Z0-9\-]*$"
REFERENCE_SENTENCE = _("A reference holds letters A to Z, digits and dashes only, for example PT-4F7K-9M2X.")
MICROCHIP = r"^([0-9]{15}|[0-9]{9}|[0-9A-Z]{10})?$"


def new_reference() -> str:
    """Return a reference such as PT-4F7K-9M2X (about 40 bits: a clash is met once in millions)."""
    letters = [secrets.choice(_REFERENCE_ALPHABET) for _unused in range(8)]
    return f"PT-{''.join(letters[:4])}-{''.join(letters[4:])}"


class Pet(RulesModel):
    """One animal. The portal moves it to the trash and back (`pets.services`), and deletes none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = CodeField(
        _("reference"),
        max_length=24,
        unique=True,
        blank=True,
        default=new_reference,
        validators=[RegexValidator(REFERENCE, REFERENCE_SENTENCE)],
        error_messages={"unique": _("Another pet (perhaps in the trash) has this reference.")},
        help_text=_("Left empty, one is made."),
    )
    name = models.CharField(_("name"), max_length=80)
    species = models.CharField(_("species"), max_length=16, choices=Species.choices)
    breed = models.CharField(_("breed"), max_length=80, blank=True)
    second_breed = models.CharField(_("second breed"), max_length=80, blank=True)
    sex = models.CharField(_("sex"), max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    neutered = models.CharField(
        _("neutered"), max_length=8, choices=Neutered.choices, default=Neutered.UNKNOWN
    )
    birth_date = models.DateField(_("born"), null=True, blank=True, validators=[validate_not_in_future])
    birth_date_estimated = models.BooleanField(_("estimated"), default=False)
    deceased_date = models.DateField(_("died"), null=True, blank=True, validators=[validate_not_in_future])
    colour = models.CharField(_("colour"), max_length=80, blank=True)
    markings = models.TextField(_("markings"), blank=True)
    microchip = MicrochipField(
        _("microchip"),
        max_length=15,
        blank=True,
        help_text=_("15 digits; older chips have 10 characters or 9 digits."),
    )
    tracker_vendor = models.CharField(_("tracker's vendor"), max_length=40, blank=True)
    tracker_id = CodeField(_("tracker's number"), max_length=64, blank=True)
    tag = CodeField(_("tag"), max_length=32, blank=True, help_text=_("What is stamped on the collar's tag."))
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.WITH_OWNER)
    warning = models.CharField(
        _("warning"),
        max_length=200,
        blank=True,
        help_text=_("Shown on top of the page: bites, diabetic …"),
    )
    owner = models.ForeignKey(
        Owner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="pets",
        db_index=False,  # Meta has one that search by owner reads without touching a row
        verbose_name=_("owner"),
    )
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, blank=True, editable=False)
    trashed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("moved to the trash by"),
    )

    objects = PetQuerySet.as_manager()

    class Meta:
        verbose_name = _("pet")
        verbose_name_plural = _("pets")
        ordering = ["-updated_at", "-id"]
        # Each filter and each order of the list, live pets first; the trash is short and has one.
        indexes = [
            models.Index(fields=["-updated_at", "-id"], condition=LIVE, name="pet_live_updated"),
            models.Index(fields=["name", "-id"], condition=LIVE, name="pet_live_name"),
            models.Index(fields=["reference", "-id"], condition=LIVE, name="pet_live_reference"),
            models.Index(fields=["status", "-updated_at", "-id"], condition=LIVE, name="pet_live_status"),
            models.Index(fields=["species", "-updated_at", "-id"], condition=LIVE, name="pet_live_species"),
            models.Index(fields=["sex", "-updated_at", "-id"], condition=LIVE, name="pet_live_sex"),
            models.Index(fields=["owner", "id"], name="pet_owner"),
            models.Index(fields=["-updated_at", "-id"], condition=TRASHED, name="pet_trash_updated"),
            models.Index(fields=["microchip"], condition=~Q(microchip=""), name="pet_microchip"),
            models.Index(fields=["tracker_id"], condition=~Q(tracker_id=""), name="pet_tracker"),
            models.Index(fields=["tag"], condition=~Q(tag=""), name="pet_tag"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reference__regex=REFERENCE),
                name="pet_reference_form",
                violation_error_code="reference",
                violation_error_message=REFERENCE_SENTENCE,
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="pet_name_given",
                violation_error_code="name",
                violation_error_message=_("A pet needs a name; write “unknown” for a stray."),
            ),
            models.CheckConstraint(
                condition=Q(species__in=Species.values),
                name="pet_species_known",
                violation_error_code="species",
                violation_error_message=_("This species is not in the list; choose “other”."),
            ),
            models.CheckConstraint(
                condition=Q(sex__in=Sex.values),
                name="pet_sex_known",
                violation_error_code="sex",
                violation_error_message=_("Sex is female, male or unknown."),
            ),
            models.CheckConstraint(
                condition=Q(neutered__in=Neutered.values),
                name="pet_neutered_known",
                violation_error_code="neutered",
                violation_error_message=_("Neutered is yes, no or unknown."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values),
                name="pet_status_known",
                violation_error_code="status",
                violation_error_message=_("This is no status of a pet."),
            ),
            models.CheckConstraint(
                condition=Q(second_breed="") | ~Q(breed=""),
                name="pet_breeds_in_order",
                violation_error_code="second_breed",
                violation_error_message=_("A second breed needs a first one."),
            ),
            models.CheckConstraint(
                condition=Q(birth_date_estimated=False) | Q(birth_date__isnull=False),
                name="pet_estimate_has_date",
                violation_error_code="birth_date_estimated",
                violation_error_message=_("Only a date of birth that is given can be estimated."),
            ),
            models.CheckConstraint(
                condition=Q(birth_date__isnull=True)
                | Q(deceased_date__isnull=True)
                | Q(deceased_date__gte=F("birth_date")),
                name="pet_dates_in_order",
                violation_error_code="deceased_date",
                violation_error_message=_("A pet cannot have died before it was born."),
            ),
            # The other way round is allowed: that it died may be known without the day.
            models.CheckConstraint(
                condition=Q(deceased_date__isnull=True) | Q(status=Status.DECEASED),
                name="pet_deceased_has_status",
                violation_error_code="deceased_date",
                violation_error_message=_("A pet with a date of death has the status “deceased”."),
            ),
            models.CheckConstraint(
                condition=Q(microchip__regex=MICROCHIP) & ~Q(microchip__regex=r"^000[0-9]{12}$"),
                name="pet_microchip_form",
                violation_error_code="microchip",
                violation_error_message=_("A microchip number has 15 digits, 10 characters or 9 digits."),
            ),
            # Compared as text: same length, digits only, and a cast could fail before the check above.
            models.CheckConstraint(
                condition=~Q(microchip__regex=r"^[0-9]{15}$")
                | Q(LessThanOrEqual(Substr("microchip", 4), Value(f"{microchip.NATIONAL_ID_MAX:012}"))),
                name="pet_microchip_national_id",
                violation_error_code="microchip",
                violation_error_message=_("The last twelve digits of a microchip go up to 274877906943."),
            ),
            models.UniqueConstraint(
                fields=["microchip"],
                condition=LIVE & ~Q(microchip=""),
                name="pet_microchip_unique",
                violation_error_code="microchip",
                violation_error_message=_("Another pet carries this microchip."),
            ),
            models.CheckConstraint(
                condition=Q(tracker_vendor="", tracker_id="") | (~Q(tracker_vendor="") & ~Q(tracker_id="")),
                name="pet_tracker_complete",
                violation_error_code="tracker_id",
                violation_error_message=_("A tracker has a vendor and a number: give both or none."),
            ),
            models.UniqueConstraint(
                Lower("tracker_vendor"),
                "tracker_id",
                condition=LIVE & ~Q(tracker_id=""),
                name="pet_tracker_unique",
                violation_error_code="tracker_id",
                violation_error_message=_("Another pet carries this tracker."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.reference})"

    def save(self, *args: object, **kwargs: object) -> None:
        """Store the pet; make a reference if none is given."""
        self.reference = self.reference or new_reference()
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    @property
    def is_live(self) -> bool:
        """Whether the pet is not in the trash; the same as `querysets.LIVE`."""
        return self.trashed_at is None

    def clean(self) -> None:
        """Refuse a chip or a tracker that another live pet carries, and name that pet."""
        super().clean()
        self.reference = self.reference or new_reference()
        if self.is_live:
            self.refuse_rivals()

    def refuse_rivals(self) -> None:
        """Raise `ValidationError` with the name of the live pet that carries this chip or this tracker.

        The constraints refuse it as well, but cannot say whose it is.
        """
        others = Pet.objects.live().exclude(pk=self.pk)
        taken = {}
        if rival := others.filter(carries("microchip", [self.microchip])).first():
            taken["microchip"] = ValidationError(
                _("%(pet)s carries microchip %(code)s."),
                code="taken",
                params={"pet": rival, "code": self.microchip},
            )
        trackers = others.filter(carries("tracker_id", [self.tracker_id]))
        if rival := trackers.filter(tracker_vendor__iexact=self.tracker_vendor).first():
            taken["tracker_id"] = ValidationError(
                _("%(pet)s carries tracker %(code)s."),
                code="taken",
                params={"pet": rival, "code": self.tracker_id},
            )
        if taken:
            raise ValidationError(taken)
