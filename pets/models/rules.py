"""What the models share: rules that mark the right field, and dates that cannot lie ahead."""

from datetime import date, datetime

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RulesModel(models.Model):
    """A model whose constraints carry a sentence, and as `violation_error_code` the field it is about."""

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: set[str] | None = None) -> None:  # type: ignore[override]  # stubs: Collection
        """Check the constraints; put each sentence beside the field that its code names."""
        try:
            super().validate_constraints(exclude=exclude)
        except ValidationError as error:
            fields = {field.name for field in self._meta.fields} - set(exclude or ())
            errors: dict[str, list[ValidationError]] = {}
            for name, found in error.error_dict.items():
                for one in found:
                    about = one.code if name == NON_FIELD_ERRORS and one.code in fields else name
                    errors.setdefault(str(about), []).append(one)
            raise ValidationError(errors) from error


def validate_not_in_future(day: date) -> None:
    """Refuse a day after today (in the time zone of the person who types it).

    A database constraint cannot say this: what it checks must not change with the clock.
    """
    if day > timezone.localdate():
        raise ValidationError(_("%(day)s is in the future."), params={"day": day.isoformat()}, code="future")


def validate_moment_not_in_future(moment: datetime) -> None:
    """Refuse a moment that is yet to come."""
    if moment > timezone.now():
        raise ValidationError(_("This moment is in the future."), code="future")
