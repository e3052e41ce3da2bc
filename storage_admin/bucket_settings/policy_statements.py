"""The statements of a bucket policy: the same in other letters, in words, and what they open or shut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal import spelling
from portal.s3 import policy_match
from portal.s3.sameness import key_of
from storage_admin.bucket_settings.json_text import quoted

Statement = dict[str, Any]


@dataclass(frozen=True, eq=False)
class BucketPolicy:
    """A policy's text. Equal is what says the same: stores lay out the text, and lists of one, anew."""

    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BucketPolicy) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> str:
        said = self.said
        return key_of(said) if said is not None else f"no policy: {self.text.strip()}"

    @property
    def said(self) -> dict[str, Any] | None:
        """The policy in one of the ways that mean the same; None for a text that is none."""
        if not self.text.strip():
            return {"Statement": []}
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        statements = found.pop("Statement", [])
        listed = statements if isinstance(statements, list) else [statements]
        return {
            **{name: _normal(value) for name, value in found.items()},
            "Statement": sorted((_normal(one) for one in listed), key=key_of),
        }

    @property
    def statements(self) -> list[Statement]:
        """The statements, as far as they are such."""
        return [one for one in (self.said or {}).get("Statement", []) if isinstance(one, dict)]


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _normal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner = sorted((_normal(one) for one in value), key=key_of)
        return inner[0] if len(inner) == 1 else inner
    return value


def in_words(statement: Mapping[str, Any]) -> str:
    """Return the statement, a part of it a line; statements that differ have different words."""
    said = dict(statement)
    if _sid(statement):
        del said["Sid"]  # the name says it
    lines = []
    for name, words in (
        ("Effect", _("effect: %(what)s")),
        ("Principal", _("who: %(what)s")),
        ("NotPrincipal", _("who: all but %(what)s")),
        ("Action", _("what: %(what)s")),
        ("NotAction", _("what: all but %(what)s")),
        ("Resource", _("on: %(what)s")),
        ("NotResource", _("on: all but %(what)s")),
        ("Condition", _("only if: %(what)s")),
    ):
        if name in said:
            lines.append(words % {"what": spelling.plain(key_of(said.pop(name)))})
    if said:
        lines.append(_("further: %(what)s") % {"what": spelling.plain(key_of(said))})
    return "\n".join(lines)


def named(statement: Mapping[str, Any]) -> str:
    """Return how the statement is called, or how it begins."""
    sid = _sid(statement)
    return quoted(sid) if sid else _("without a name")


def _sid(statement: Mapping[str, Any]) -> str:
    found = statement.get("Sid")
    return found if isinstance(found, str) else ""


def opening(before: BucketPolicy, after: BucketPolicy) -> list[Statement]:
    """Return the statements that let strangers in and did not before, or were kept in check before."""
    allowing = [one for one in after.statements if _allows_strangers(one)]
    former = [key_of(one) for one in before.statements]
    kept_denials = [key_of(one) for one in after.statements]
    lifted = [one for one in before.statements if _denies(one) and key_of(one) not in kept_denials]
    return allowing if lifted else [one for one in allowing if key_of(one) not in former]


def shutting_out(before: BucketPolicy, after: BucketPolicy) -> list[Statement]:
    """Return the new statements that deny something to everybody, and ask for no condition."""
    former = [key_of(one) for one in before.statements]
    return [
        one
        for one in after.statements
        if _denies(one) and not one.get("Condition") and _is_for_all(one) and key_of(one) not in former
    ]


def _allows_strangers(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Allow" and _is_for_all(statement)


def _denies(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Deny"


def _is_for_all(statement: Mapping[str, Any]) -> bool:
    return policy_match.is_for_strangers(statement)
