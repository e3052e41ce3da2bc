"""How a call names the version that it means."""

from __future__ import annotations

from typing import Any


def version_param(version_id: str) -> dict[str, Any]:
    """Return the parameter that names the version; none for "", the current one."""
    return {"VersionId": version_id} if version_id else {}
