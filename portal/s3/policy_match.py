"""Which statements of a bucket policy speak of strangers: people without any keys.

Pure, and by Amazon's rules (IAM reference: "Grammar of the JSON policy language"). Quotes statements
as they stand; a condition is never judged, but said: who reads the page knows the sender, we do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.s3.answer import Answer

Statement = Mapping[str, Any]

_PARTITION = re.compile(r"arn:aws(-[a-z]+)*:s3:::")  # China's and the government's buckets have their own
_WITH_VARIABLES = "2012-10-17"  # older policies take ${...} literally
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPED = {"*", "?", "$"}  # ${*} is a star, and no variable
# Stand-ins for escaped wildcards while a pattern is matched: no key holds half a surrogate pair.
_LITERAL = {"*": "\ud800", "?": "\ud801"}


@dataclass(frozen=True)
class Match:
    """A statement that speaks of strangers and of this action on this thing."""

    statement: Statement
    allows: bool
    is_conditional: bool


@dataclass(frozen=True)
class Judgement:
    """What the policy says to strangers; a denial counts before all else."""

    allowed: Answer
    denied: Answer
    matches: tuple[Match, ...] = ()
    beside: tuple[Statement, ...] = ()  # allow strangers something, but not this


def judge(policy: Mapping[str, Any], action: str, *, bucket: str, key: str = "") -> Judgement:
    """Return what the policy says of the action (such as s3:GetObject) on the key, else on the bucket."""
    resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    variables = policy.get("Version") == _WITH_VARIABLES
    found, beside = [], []
    for statement in _listed(policy.get("Statement")):
        if not isinstance(statement, Mapping) or not is_for_strangers(statement):
            continue
        uses_variables = variables and _has_variable(statement)
        if _names(statement, "Action", action.lower(), variables=False) and _names(
            statement, "Resource", resource, variables=variables
        ):
            found.append(
                Match(
                    statement,
                    allows=statement.get("Effect") == "Allow",
                    is_conditional=bool(statement.get("Condition")) or uses_variables,
                )
            )
        elif statement.get("Effect") == "Allow":
            beside.append(statement)
    return Judgement(
        allowed=_strongest(one for one in found if one.allows),
        denied=_strongest(one for one in found if not one.allows),
        matches=tuple(found),
        beside=tuple(beside),
    )


def opens_anything(policy: Mapping[str, Any]) -> Answer:
    """Whether any statement allows strangers anything: for stores that do not judge policies themselves."""
    found = [one for one in _listed(policy.get("Statement")) if isinstance(one, Mapping)]
    return _strongest(
        Match(one, allows=True, is_conditional=bool(one.get("Condition")))
        for one in found
        if one.get("Effect") == "Allow" and is_for_strangers(one)
    )


def fits(pattern: str, text: str) -> bool:
    """Whether the text fits a pattern of `*` (any, also none) and `?` (exactly one character).

    In time proportional to the product of their lengths, whatever somebody wrote into a policy.
    """
    at = place = 0
    star, resume = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[place]}:
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def _strongest(matches: Any) -> Answer:
    found = list(matches)
    if any(not one.is_conditional for one in found):
        return Answer.YES
    return Answer.DEPENDS if found else Answer.NO


def is_for_strangers(statement: Statement) -> bool:
    """Whether somebody without keys is among those whom the statement names."""
    if "NotPrincipal" in statement:
        return not _is_everybody(statement["NotPrincipal"])  # all but the named: strangers, too
    return _is_everybody(statement.get("Principal"))


def _is_everybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return "*" in _listed(principal.get("AWS")) or "*" in principal
    return "*" in _listed(principal)


def _names(statement: Statement, field: str, wanted: str, *, variables: bool) -> bool:
    """Whether the statement's Action or Resource, or what its Not... form leaves over, is the wanted one."""
    negated = f"Not{field}"
    patterns = [str(one) for one in _listed(statement.get(negated, statement.get(field)))]
    if field == "Action":
        patterns = [one.lower() for one in patterns]
    found = any(_fits_resource(one, wanted, variables=variables) for one in patterns)
    return not found if negated in statement else found


def _fits_resource(pattern: str, wanted: str, *, variables: bool) -> bool:
    plain = _PARTITION.sub("arn:aws:s3:::", pattern, count=1)
    if not variables:
        return fits(plain, wanted)
    # Stars of the key itself, too, as stand-ins: wildcards take those as any other character.
    return fits(_VARIABLE.sub(_stand_in, plain), "".join(_LITERAL.get(one, one) for one in wanted))


def _stand_in(found: re.Match[str]) -> str:
    name = found.group(1)
    if name in _ESCAPED:
        return _LITERAL.get(name, name)
    return "*"  # may be anything: the match is called conditional


def _has_variable(statement: Statement) -> bool:
    patterns = _listed(statement.get("NotResource", statement.get("Resource")))
    return any(name not in _ESCAPED for pattern in patterns for name in _VARIABLE.findall(str(pattern)))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
