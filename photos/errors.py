"""What the photo services refuse, each with a sentence that a person can act on.

PhotoError
├── UploadRefused      the file cannot be taken; `duplicate_of` names the photo that is the same
└── NotPossible        the photo's state does not allow it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photos.models import Photo


class PhotoError(Exception):
    """Base of what the photo services refuse. Nothing was changed."""


class UploadRefused(PhotoError):
    """The file cannot be taken."""

    def __init__(self, message: str, *, code: str, duplicate_of: Photo | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.duplicate_of = duplicate_of


class NotPossible(PhotoError):
    """The photo's state does not allow it."""
