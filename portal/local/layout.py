"""The paths inside a data directory; the package's docstring says what each holds."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What `clear` deletes. Everything else stays: somebody may have named his home directory.
_OURS = (
    "state.json",
    "portal.sqlite3*",
    "beat-schedule*",
    "seaweedfs",
    "simulator",
    "valkey",
    "static",
    "logs",
)


@dataclass(frozen=True)
class DataDir:
    """One portal's data directory."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "demo.lock"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def seaweedfs(self) -> Path:
        return self.root / "seaweedfs"

    @property
    def simulator(self) -> Path:
        return self.root / "simulator"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def create(self) -> None:
        """Make the directory, open to its owner alone: it holds photos and passwords."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def entries(self) -> Iterator[Path]:
        """Yield what a portal has put there, the lock apart."""
        for pattern in _OURS:
            yield from sorted(self.root.glob(pattern))

    def clear(self) -> None:
        """Delete all of it. The lock file stays: whoever clears must hold it."""
        for entry in self.entries():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
