"""A lifecycle rule in words: all of it, also what the portal has no words for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from portal import spelling
from portal.s3 import lifecycle_rules, sameness
from storage_admin.bucket_settings.json_text import quoted

Said = dict[str, Any]


def in_words(rule: Mapping[str, Any]) -> str:
    """Return what the rule does, one deed a line; rules that differ have different words."""
    said = lifecycle_rules.canonical(rule)
    said.pop("ID", None)
    status = said.pop("Status", "")
    lines = [
        {"Enabled": _("on"), "Disabled": _("off: it does nothing")}.get(status, quoted(str(status))),
        _filter(said.pop("Filter", {})),
        *_deeds(said),
    ]
    if rest := sameness.without_empty(said):
        lines.append(_("further: %(what)s") % {"what": spelling.plain(sameness.key_of(rest))})
    return "\n".join(lines)


def _filter(chosen: Mapping[str, Any]) -> str:
    if not chosen:
        return _("for all keys")
    if set(chosen) == {"Prefix"} and isinstance(chosen["Prefix"], str):
        return _("for keys that begin with %(prefix)s") % {"prefix": quoted(chosen["Prefix"])}
    if set(both := chosen.get("And", {})) == {"Prefix", "ObjectSizeGreaterThan"} and len(chosen) == 1:
        words = _("for keys that begin with %(prefix)s, of more than %(size)s bytes")
        return words % {"prefix": quoted(str(both["Prefix"])), "size": both["ObjectSizeGreaterThan"]}
    return _("for keys with %(filter)s") % {"filter": spelling.plain(sameness.key_of(chosen))}


def _deeds(said: Said) -> list[str]:
    """Write what is known, and take it out of `said`."""
    lines = []
    if (days := _only(said, "AbortIncompleteMultipartUpload", "DaysAfterInitiation")) is not None:
        lines.append(_("abort incomplete uploads after %(days)s days") % {"days": days})
    if (days := _only(said, "Expiration", "Days")) is not None:
        lines.append(_("expire current versions after %(days)s days") % {"days": days})
    elif _only(said, "Expiration", "ExpiredObjectDeleteMarker") is not None:
        lines.append(_("remove delete markers that hide nothing"))
    lines += _steps(said, "Transitions", "Days", _("move current versions to %(name)s after %(days)s days"))
    lines += _steps(
        said,
        "NoncurrentVersionTransitions",
        "NoncurrentDays",
        _("move older versions to %(name)s after %(days)s days"),
    )
    older = said.get("NoncurrentVersionExpiration")
    if isinstance(older, dict) and set(older) == {"NoncurrentDays", "NewerNoncurrentVersions"}:
        del said["NoncurrentVersionExpiration"]
        lines.append(
            _("remove older versions after %(days)s days, but keep the newest %(count)s of them")
            % {"days": older["NoncurrentDays"], "count": older["NewerNoncurrentVersions"]}
        )
    elif (days := _only(said, "NoncurrentVersionExpiration", "NoncurrentDays")) is not None:
        lines.append(_("remove older versions after %(days)s days") % {"days": days})
    return lines


def _only(said: Said, deed: str, field: str) -> Any:
    """Take the deed out and return its field's value, where it has that field alone, a number or a switch."""
    found = said.get(deed)
    if isinstance(found, dict) and set(found) == {field} and isinstance(found[field], int):
        return said.pop(deed)[field]
    return None


def _steps(said: Said, deed: str, days: str, words: str) -> list[str]:
    steps = said.get(deed)
    if not are_plain_steps(steps, days):
        return []
    del said[deed]
    return [words % {"name": quoted(step["StorageClass"]), "days": step[days]} for step in steps or []]


def are_plain_steps(steps: Any, days: str) -> bool:
    """Whether these are moves after days and nothing else, as the form can show them."""
    return isinstance(steps, list) and all(
        isinstance(step, dict)
        and set(step) == {days, "StorageClass"}
        and isinstance(step[days], int)
        and isinstance(step["StorageClass"], str)
        for step in steps
    )
