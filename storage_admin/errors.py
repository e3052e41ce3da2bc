"""What the storage services refuse, each with a sentence that a person can act on.

StorageError
├── ChangedMeanwhile   the object is not as the form showed it
├── NotPossible        the state of the object or the bucket does not allow it
└── NotConnected       the settings do not name the bucket's connection any more
"""


class StorageError(Exception):
    """Base of what the storage services refuse. Nothing was changed."""


class ChangedMeanwhile(StorageError):
    """The object is not as the form showed it."""


class NotPossible(StorageError):
    """The state of the object or the bucket does not allow it."""


class NotConnected(StorageError):
    """The settings do not name the bucket's connection any more."""
