"""What can go wrong with the embedded services.

    LocalError
    ├── AlreadyRunning    another demo, or what is left of one, holds the data directory
    ├── BinaryMissing     no server program for this machine
    ├── PortTaken         the port that was asked for is in use
    ├── StateUnreadable   state.json is damaged, or written by a newer portal
    └── StartFailed       a child ended, or was not ready in time

Each message is a sentence for the person at the terminal.
"""


class LocalError(Exception):
    """An embedded service cannot run."""


class AlreadyRunning(LocalError):
    """Another demo, or what is left of one, holds the data directory."""


class BinaryMissing(LocalError):
    """There is no server program for this machine."""


class PortTaken(LocalError):
    """The port that was asked for is in use."""


class StateUnreadable(LocalError):
    """state.json is damaged, or written by a newer portal."""


class StartFailed(LocalError):
    """A child ended although it should run, or was not ready in time."""
