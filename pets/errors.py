"""Why a service of this app refused; each carries a sentence for a person.

A missing right is Django's own `PermissionDenied`.

PetsError
├── NotPermittedError   the actor lacks the right (also Django's PermissionDenied: 403)
├── InvalidError        a rule of the model or the database; `errors` by field
├── TrashedError        the pet is in the trash: restore it first
├── NotRestorableError  a live pet carries this chip or this tracker by now
├── OwnerInUseError     pets, perhaps in the trash, belong to the owner
└── TooManyError        more pets than one request changes
"""

from django.core.exceptions import ValidationError


class PetsError(Exception):
    """Base of this app's refusals; `str(error)` is the sentence."""


class InvalidError(PetsError):
    """The values break a rule; `errors` holds the sentences by field."""

    def __init__(self, error: ValidationError) -> None:
        self.errors = error.message_dict
        super().__init__(" ".join(sentence for found in self.errors.values() for sentence in found))


class TrashedError(PetsError):
    """The pet is in the trash: nothing is changed there."""


class NotRestorableError(PetsError):
    """Another live pet carries the chip or the tracker by now."""


class TooManyError(PetsError):
    """More pets at once than one request changes."""


class OwnerInUseError(PetsError):
    """Pets, perhaps in the trash, belong to the owner."""
