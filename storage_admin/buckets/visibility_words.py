"""The chain of `visibility` in words: the steps, the verdict, and which switch would change it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from portal import spelling
from portal.s3 import anonymous
from portal.s3.answer import Answer
from portal.s3.differences import Capability
from portal.s3.public_access_block import PublicAccessBlock
from storage_admin.buckets.visibility import Doors, Seen

SWITCHES = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}

ACL = "acl"  # the bucket's setting, or the object's own


class Effect(StrEnum):
    """What a step of the chain does for strangers."""

    OPENS = "opens"
    SHUTS = "shuts"
    NOTHING = "nothing"
    DEPENDS = "depends"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Step:
    """One step: what it says and does, the statements it is made of, the setting that changes it."""

    title: str
    sentence: str
    effect: Effect
    quotes: tuple[str, ...] = ()
    setting: str = ""


@dataclass(frozen=True)
class Switch:
    """What would change the verdict, and the setting where it is."""

    sentence: str
    setting: str = ""


def steps(doors: Doors) -> list[Step]:
    """Return the chain in its order."""
    found = [
        _ownership(doors),
        _block(doors, "account", _("Block Public Access of the account")),
        _block(doors, "own", _("Block Public Access of the bucket"), "public-access"),
        _policy(doors),
        _acl(doors),
    ]
    if doors.needs_signature is Answer.YES:
        words = _("Encrypted by a KMS key: only signed requests can read it, whatever else allows it.")
        found.append(Step(_("Encryption of the object"), words, Effect.SHUTS))
    return found


def verdict(doors: Doors) -> str:
    """Return the verdict in a sentence."""
    return {
        Answer.YES: _("Public: everybody can read it."),
        Answer.NO: _("Not public."),
        Answer.DEPENDS: _("It depends on a condition: who fulfils it can read it without keys."),
        Answer.UNKNOWN: _("Unknown: a part that decides could not be read."),
    }[doors.verdict]


def switches(doors: Doors) -> list[Switch]:
    """Return what would change the verdict."""
    if doors.verdict is Answer.NO:
        return _that_would_open(doors)
    found = []
    if doors.by_policy is not Answer.NO:
        found += [
            Switch(_("The switch RestrictPublicBuckets shuts public policies."), "public-access"),
            Switch(_("Or take the statement out of the bucket's policy."), "policy"),
        ]
    if doors.by_acl is not Answer.NO:
        found += [
            Switch(_("The switch IgnorePublicAcls makes public ACLs count for nothing."), "public-access"),
            Switch(_("Or enforce ownership: then no ACL counts."), "ownership"),
            Switch(_("Or take the public grant out of the ACL."), ACL),
        ]
    return found


def surprise(seen: Seen, lacks: Mapping[Capability, str]) -> str:
    """Return why a stranger got something else than the settings say; empty where both agree."""
    said, got = seen.doors.verdict, seen.attempt.seen
    if said is Answer.NO and got is anonymous.Seen.READABLE:
        return lacks.get(Capability.STRANGERS_REFUSED) or _(
            "A stranger can read it although no setting here allows that. Take it for public, and ask "
            "whoever runs the store: another way in (a proxy, a website, an access point) may be open."
        )
    if said is Answer.YES and got is anonymous.Seen.REFUSED:
        if seen.doors.by_acl is Answer.YES and seen.doors.by_policy is Answer.NO:
            reason = lacks.get(Capability.ACLS_ENFORCED)
            if reason:
                return reason
        return _(
            "The settings let strangers in, but the store refused one just now. A rule of the whole "
            "organisation may stand above the account, or a change may not have arrived everywhere yet."
        )
    return ""


def beside(seen: Seen) -> tuple[str, ...]:
    """Return the statements that let strangers do something else in the bucket than list it."""
    judged = seen.doors.policy
    return tuple(_quoted(one) for one in judged.beside) if judged and not seen.thing.key else ()


def attempted(seen: Seen) -> str:
    """Return what the request without keys came to."""
    attempt = seen.attempt
    answer = " ".join(filter(None, [str(attempt.status or ""), attempt.code]))
    words = {
        anonymous.Seen.READABLE: _("A request without any keys was answered just now (%(answer)s)."),
        anonymous.Seen.REFUSED: _("A request without any keys was refused just now (%(answer)s)."),
        anonymous.Seen.UNKNOWN: _("A request without any keys told nothing (%(answer)s): %(reason)s"),
    }[attempt.seen]
    return words % {"answer": answer or _("no answer"), "reason": attempt.reason}


def _ownership(doors: Doors) -> Step:
    title = _("Object ownership")
    if doors.ownership is None:
        return Step(title, _unread(doors, "ownership"), Effect.UNKNOWN, setting="ownership")
    words = {
        True: _("%(value)s: ACLs count here."),
        False: _("%(value)s: the bucket's owner owns every object, and no ACL counts."),
    }[doors.ownership.has_acls]
    shuts = doors.acl_grants is Answer.YES and not doors.ownership.has_acls
    effect = Effect.SHUTS if shuts else Effect.NOTHING
    return Step(title, words % {"value": doors.ownership.value}, effect, setting="ownership")


def _block(doors: Doors, part: str, title: str, setting: str = "") -> Step:
    block: PublicAccessBlock | None = getattr(doors, part)
    if part in doors.lacking:
        return Step(title, _("This store has none: nothing is held back here."), Effect.NOTHING)
    if block is None:
        return Step(title, _unread(doors, part), Effect.UNKNOWN, setting=setting)
    on = [word for name, word in SWITCHES.items() if getattr(block, name)]
    shuts = block.ignore_public_acls or block.restrict_public_buckets
    if not on:
        return Step(title, _("No switch is on: nothing is held back here."), Effect.NOTHING, setting=setting)
    words = _("On: %(names)s.") % {"names": ", ".join(on)}
    return Step(title, words, Effect.SHUTS if shuts else Effect.NOTHING, setting=setting)


def _policy(doors: Doors) -> Step:
    title = _("Bucket policy")
    if doors.policy is None:
        return Step(title, _unread(doors, "policy"), Effect.UNKNOWN, setting="policy")
    quotes = tuple(_quoted(one.statement) for one in doors.policy.matches)
    allowed, denied = doors.policy.allowed, doors.policy.denied
    if not quotes:
        return Step(title, _("No statement speaks of strangers here."), Effect.NOTHING, setting="policy")
    if denied is Answer.YES:
        words, effect = _("It denies strangers: that goes before all else."), Effect.SHUTS
    elif Answer.DEPENDS in {allowed, denied}:
        words, effect = _("It speaks of strangers under a condition."), Effect.DEPENDS
    elif doors.by_policy is Answer.NO:
        words, effect = _("It allows strangers, but Block Public Access shuts that."), Effect.NOTHING
    else:
        words, effect = _("It allows strangers."), Effect.OPENS
    return Step(title, words, effect, quotes, "policy")


def _acl(doors: Doors) -> Step:
    title = _("ACL")
    if doors.acl is None:
        return Step(title, _unread(doors, "acl"), Effect.UNKNOWN, setting=ACL)
    quotes = tuple(f"{one.grantee}: {one.permission.value}" for one in doors.acl.public_grants)
    if doors.acl_grants is Answer.YES:
        if doors.by_acl is Answer.NO:
            return Step(
                title, _("It lets everybody read, but it does not count."), Effect.NOTHING, quotes, ACL
            )
        effect = Effect.OPENS if doors.by_acl is Answer.YES else Effect.UNKNOWN
        return Step(title, _("It lets everybody read."), effect, quotes, ACL)
    if doors.grants_any_account:
        words = _("It lets everybody with an account at Amazon in: no strangers, but nobody chosen either.")
        return Step(title, words, Effect.NOTHING, quotes, ACL)
    return Step(title, _("It gives strangers nothing."), Effect.NOTHING, quotes, ACL)


def _that_would_open(doors: Doors) -> list[Switch]:
    """Return what holds back something that is stored: it opens when the switch goes."""
    found = []
    if doors.denied is Answer.YES:
        found.append(Switch(_("A statement of the policy denies it."), "policy"))
    if doors.policy and doors.policy.allowed is not Answer.NO and doors.by_policy is Answer.NO:
        words = _("The policy would let strangers in when RestrictPublicBuckets goes off.")
        found.append(Switch(words, "public-access"))
    if doors.acl_grants is Answer.YES and doors.by_acl is Answer.NO:
        if doors.acls_count is Answer.NO:
            found.append(Switch(_("The ACL would count when ownership is not enforced."), "ownership"))
        else:
            found.append(Switch(_("The ACL would count when IgnorePublicAcls goes off."), "public-access"))
    return found or [Switch(_("Nothing opens it: that would take a policy or an ACL that names everybody."))]


def _unread(doors: Doors, name: str) -> str:
    error = dict(doors.errors).get(name)
    if error is None:
        return _("It could not be read.")
    return _("It could not be read: %(reason)s (%(code)s)") % {"reason": error, "code": error.code or "–"}


def _quoted(statement: Mapping[str, Any]) -> str:
    """Return the statement as JSON, nothing in it invisible."""
    text = json.dumps(statement, indent=2, ensure_ascii=False)
    return "\n".join(spelling.plain(line) for line in text.splitlines())
