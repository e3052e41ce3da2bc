"""The people pets belong to."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.expressions import Expression
from django.db.models.functions import Replace
from django.utils.translation import gettext_lazy as _

from pets.models.rules import RulesModel

PHONE = r"^[0-9+][0-9 ()/.\-]*$"
PHONE_SENTENCE = _("A phone number holds digits, blanks and + ( ) / . - only, and begins with a digit or +.")


def _digits_of(field: str) -> Expression:
    """Return the expression that leaves a phone number's digits; "(0)" is not dialled from abroad."""
    found = Replace(models.F(field), Value("(0)"), Value(""))
    for dropped in "+ ()/.-":
        found = Replace(found, Value(dropped), Value(""))
    return found


class Owner(RulesModel):
    """A person or a shelter. Phone, e-mail and address need `pets.view_owner_contact` to be seen."""

    # What the permission guards; forms, lists, search and the audit read this list.
    CONTACT_FIELDS = ("phone", "email", "address")

    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(
        _("phone"), max_length=40, blank=True, validators=[RegexValidator(PHONE, PHONE_SENTENCE)]
    )
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.TextField(_("address"), blank=True)
    contact_consent = models.BooleanField(
        _("may be contacted"), default=False, help_text=_("The owner has agreed to be contacted.")
    )
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    # Made by the database, so that it is right however the row was written; search reads it.
    phone_digits = models.GeneratedField(
        expression=_digits_of("phone"), output_field=models.CharField(max_length=40), db_persist=True
    )

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("owners")
        ordering = ["name", "-id"]
        permissions = [("view_owner_contact", _("Can see owners' phone, e-mail and address"))]
        indexes = [
            models.Index(fields=["name", "-id"], name="owner_name"),
            models.Index(fields=["-updated_at", "-id"], name="owner_updated"),
            models.Index(fields=["contact_consent", "name", "-id"], name="owner_consent"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="owner_name_given",
                violation_error_code="name",
                violation_error_message=_("An owner needs a name."),
            ),
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=PHONE),
                name="owner_phone_dialable",
                violation_error_code="phone",
                violation_error_message=PHONE_SENTENCE,
            ),
        ]

    def __str__(self) -> str:
        return self.name
