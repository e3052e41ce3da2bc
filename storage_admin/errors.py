"""What the storage services refuse, each with a sentence that a person can act on.

StorageError
├── ChangedMeanwhile   the object is not as the form showed it
├── NotPossible        the state of the object or the bucket does not allow it
│   └── TakesJob       it is too much for a page: a job does it
├── NotKept            the store took a setting without an error, and has something else
├── NotConnected       the settings do not name the bucket's connection any more
└── LinkDead           a share link opens nothing, or nothing any more
"""


class StorageError(Exception):
    """Base of what the storage services refuse. Nothing was changed, but for NotKept."""


class ChangedMeanwhile(StorageError):
    """The object is not as the form showed it."""


class NotPossible(StorageError):
    """The state of the object or the bucket does not allow it."""


class TakesJob(NotPossible):
    """It is too much for a page, whose requests end after some seconds: a job does it."""


class NotKept(StorageError):
    """The store took a setting without an error, and has something else."""


class NotConnected(StorageError):
    """The settings do not name the bucket's connection any more."""


class LinkDead(StorageError):
    """A share link opens nothing, or nothing any more. The sentence is for the audit, not for strangers."""
