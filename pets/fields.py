"""Model fields that store one spelling of a code, whichever way it was typed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

from pets import microchip


def say(sentence: microchip.Sentence) -> str:
    """Return a sentence of `pets.microchip` in the reader's language."""
    return gettext(sentence.text) % sentence.values


def validate_microchip(code: str) -> None:
    """Refuse what is no transponder code, with the reason."""
    try:
        microchip.check(code)
    except microchip.MicrochipError as error:
        raise ValidationError(say(error.sentence), code="microchip") from error


class NormalisedCharField(models.CharField):
    """A `CharField` that normalises in forms, in `full_clean()`, in `save()` and in `bulk_create()`.

    Not in lookups: a pattern of `__regex` is no value. `QuerySet.update()` is left to the
    database's constraints.
    """

    def normalise(self, value: str) -> str:
        """Return the spelling that is stored."""
        raise NotImplementedError

    def formfield(self, **kwargs: Any) -> Any:
        """Leave room for separators in the form; the model checks what is left of it."""
        return super().formfield(**{"max_length": 2 * (self.max_length or 0) or None, **kwargs})

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return found if found is None else self.normalise(found)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if not isinstance(value, str):
            return value  # an expression, or None: the database has the last word
        value = self.normalise(value)
        setattr(model_instance, self.attname, value)
        return value


class MicrochipField(NormalisedCharField):
    """A transponder code, or nothing."""

    default_validators = [validate_microchip]

    def normalise(self, value: str) -> str:
        return microchip.normalise(value)


class CodeField(NormalisedCharField):
    """An identifier in capitals without blanks: a reference, the number on a tracker or a tag."""

    def normalise(self, value: str) -> str:
        return "".join(value.split()).upper()
