"""A disagreement, as the comparison tells it before it is a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from portal.s3.types import StorageClass
from storage_admin.models import Finding

# Not readable before they are restored, which takes hours (UG:storage-class-intro).
ARCHIVES = (StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE)
CHUNK = 500


@dataclass(frozen=True)
class Found:
    """A disagreement; `facts` by name as [what the row says, what the store says]."""

    kind: Finding.Kind
    key: str
    version_id: str = ""
    photo: UUID | None = None
    facts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return Finding.target_of(self.key, self.version_id)
