"""What a demo must find again at its next start: secrets, passwords, ports."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from portal.local.errors import StateUnreadable

# No letters or digits that are mistaken for each other when read from a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def _password() -> str:
    """Return a password that can be typed: 12 of 31 characters, 59 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


@dataclass
class State:
    """The content of state.json; the defaults are a new demo's."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(50))
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    s3_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    # SeaweedFS wraps the keys of server-side encryption with it: lost, such objects are lost.
    s3_encryption_passphrase: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    passwords: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def add_passwords(self, names: Iterable[str]) -> None:
        """Make a password for each name that has none."""
        for name in names:
            self.passwords.setdefault(name, _password())


def load(path: Path) -> State:
    """Return the state in the file, or a new one when there is no file. Raises StateUnreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return State()
    try:
        return State(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise StateUnreadable(
            f"{path} is damaged or was written by a newer portal ({error}). "
            "`manage.py demo --reset` starts anew, without the photos."
        ) from error


def save(state: State, path: Path) -> None:
    """Write the state, readable by its owner alone; a crash leaves the old file or the new one."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # left by a crash, perhaps with another mode
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
