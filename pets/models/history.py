"""What was measured and what happened: rows that are added, and not changed."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pets.choices import Status
from pets.models.pet import Pet
from pets.models.rules import RulesModel, validate_moment_not_in_future, validate_not_in_future


class WeightRecord(RulesModel):
    """One weighing. Kilograms as `Decimal`, exact to 10 g: 25.50 stays 25.50."""

    pet = models.ForeignKey(Pet, models.CASCADE, related_name="weights", verbose_name=_("pet"))
    kg = models.DecimalField(
        _("weight (kg)"),
        max_digits=6,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"), _("A weight is at least 0.01 kg."))],
    )
    weighed_on = models.DateField(
        _("weighed on"), default=timezone.localdate, validators=[validate_not_in_future]
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        verbose_name = _("weight")
        verbose_name_plural = _("weights")
        ordering = ["-weighed_on", "-id"]
        default_permissions = ("add", "view")
        indexes = [models.Index(fields=["pet", "-weighed_on", "-id"], name="weight_history")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kg__gt=0),
                name="weight_positive",
                violation_error_code="kg",
                violation_error_message=_("A weight is more than 0 kg."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kg} kg"

    def clean(self) -> None:
        """Refuse a weighing before the pet's birth or after its death."""
        super().clean()
        born, died = self.pet.birth_date, self.pet.deceased_date
        if born and self.weighed_on and self.weighed_on < born:
            raise ValidationError({"weighed_on": _("That is before the pet was born.")})
        if died and self.weighed_on and self.weighed_on > died:
            raise ValidationError({"weighed_on": _("That is after the pet died.")})


class StatusChange(RulesModel):
    """One step of a pet's story; the first has no `from_status`."""

    pet = models.ForeignKey(Pet, models.CASCADE, related_name="status_changes", verbose_name=_("pet"))
    from_status = models.CharField(_("from"), max_length=16, choices=Status.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=16, choices=Status.choices)
    at = models.DateTimeField(_("when"), default=timezone.now, validators=[validate_moment_not_in_future])
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    place = models.CharField(_("place"), max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ["-at", "-id"]
        default_permissions = ("add", "view")
        indexes = [models.Index(fields=["pet", "-at", "-id"], name="status_history")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_status=F("to_status")),
                name="status_change_moves",
                violation_error_code="to_status",
                violation_error_message=_("The pet has this status already."),
            ),
            models.CheckConstraint(
                condition=Q(to_status__in=Status.values) & Q(from_status__in=["", *Status.values]),
                name="status_change_known",
                violation_error_code="to_status",
                violation_error_message=_("This is no status of a pet."),
            ),
        ]

    def clean(self) -> None:
        """Refuse a change before the pet's birth, or before the change that it follows."""
        super().clean()
        if not self.from_status or not self.at:
            return
        born = self.pet.birth_date
        if born and timezone.localdate(self.at) < born:
            raise ValidationError({"at": _("That is before the pet was born.")})
        # The first entry only says when the pet was entered: what happened may lie before it.
        others = StatusChange.objects.filter(pet_id=self.pet_id).exclude(from_status="").exclude(pk=self.pk)
        if others.filter(at__gt=self.at).exists():
            raise ValidationError({"at": _("A later change of status is recorded already.")})

    def __str__(self) -> str:
        return str(Status(self.to_status).label)
