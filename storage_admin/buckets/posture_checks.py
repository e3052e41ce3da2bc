"""The checks of a bucket's posture: rules over facts that were read, each with a sentence and why it matters.

They ask nothing. What could not be read is unknown, what the store has not is lacking; neither is a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.s3.clock import REFUSED_AFTER_SECONDS
from portal.s3.differences import Capability
from portal.s3.errors import S3Error, Unsupported
from portal.s3.exposure import Exposure, Public
from portal.s3.permissions import Finding, Verdict
from portal.s3.policy_match import fits
from portal.s3.public_access_block import PublicAccessBlock
from portal.s3.types import Algorithm, VersioningState

WARN_SKEW_SECONDS, FAIL_SKEW_SECONDS = 60, 300
# Without these no photo is taken in or shown; the purge alone deletes, with keys of its own if one likes.
VITAL = {
    "s3:ListBucket",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
}
UPLOAD_METHODS = {"GET", "PUT"}


class Outcome(StrEnum):
    """What a check came to. UNKNOWN: a part could not be read. LACKING: the store has no such thing."""

    PASS = "passed"  # noqa: S105 - no password
    WARN = "warned"
    FAIL = "failed"
    UNKNOWN = "unknown"
    LACKING = "lacking"


@dataclass(frozen=True)
class Check:
    """One check, its outcome in a sentence, and why it matters."""

    slug: str
    title: str
    outcome: Outcome
    sentence: str
    why: str

    @property
    def wants_mending(self) -> bool:
        return self.outcome in {Outcome.WARN, Outcome.FAIL}


Lacks = Mapping[Capability, str]  # what the store is known not to have, with its reasons


@dataclass(frozen=True)
class Facts:
    """What was read of a bucket: by name a value, or the S3Error instead of it.

    `origins` are the portal's addresses whose pages upload straight into this bucket; `lacks` is
    what the store is known not to have.
    """

    answers: Mapping[str, Any]
    findings: Sequence[Finding] = ()
    lacks: Lacks = field(default_factory=dict)
    holds_photos: bool = False
    reachable_by_browsers: bool = False
    origins: Sequence[str] = ()

    def get(self, name: str) -> Any:
        """Return the value, or None where there is an error instead."""
        found = self.answers.get(name)
        return None if isinstance(found, S3Error) else found


Told = tuple[Outcome, str]
Rule = Callable[[Facts], Told]


def judge(facts: Facts) -> list[Check]:
    """Return all checks, in the order of the page."""
    return [
        Check(slug, title, *_told(facts, needed, capability, rule), why)
        for slug, title, why, needed, capability, rule in _table()
    ]


def _told(facts: Facts, needed: str, capability: Capability | None, rule: Rule) -> Told:
    if capability is not None and capability in facts.lacks:
        return Outcome.LACKING, facts.lacks[capability]
    answer = facts.answers.get(needed) if needed else None
    if isinstance(answer, Unsupported):
        return Outcome.LACKING, _("The store answers %(code)s: it has no such call.") % {"code": answer.code}
    if isinstance(answer, S3Error):
        return Outcome.UNKNOWN, _("It could not be read: %(reason)s (%(code)s)") % {
            "reason": answer,
            "code": answer.code or "–",
        }
    return rule(facts)


def _versioning(facts: Facts) -> Told:
    found = facts.get("versioning")
    if found.state is VersioningState.ENABLED:
        return Outcome.PASS, _("Every version is kept.")
    if found.state is VersioningState.SUSPENDED:
        return Outcome.FAIL, _("Suspended: older versions are kept, but new writes replace each other.")
    return Outcome.FAIL, _("Never switched on: whatever is overwritten or deleted is gone.")


def wanted_block(lacks: Lacks) -> PublicAccessBlock:
    """Return the switches that ought to be on: all, but for one under which the store takes no upload."""
    return replace(PublicAccessBlock.all_on(), block_public_acls=Capability.UPLOADS_UNDER_BLOCK not in lacks)


def _public_access(facts: Facts) -> Told:
    own, account = facts.answers.get("own_block"), facts.answers.get("account_block")
    known = [one for one in (own, account) if isinstance(one, PublicAccessBlock)]
    in_force = PublicAccessBlock()
    for one in known:
        in_force |= one
    if against := facts.lacks.get(Capability.UPLOADS_UNDER_BLOCK):
        if in_force.block_public_acls:
            return Outcome.FAIL, _("BlockPublicAcls is on. %(reason)s") % {"reason": against}
        if in_force == wanted_block(facts.lacks):
            return Outcome.PASS, _("All switches but BlockPublicAcls are on. %(reason)s") % {
                "reason": against
            }
    if in_force.is_complete:
        return Outcome.PASS, _("All four switches are on, of the bucket or its account.")
    unread = [one for one in (own, account) if isinstance(one, S3Error) and not isinstance(one, Unsupported)]
    if unread:
        return Outcome.UNKNOWN, _("A part could not be read: %(reason)s") % {"reason": unread[0]}
    if not known:
        return Outcome.LACKING, _("The store has no Block Public Access.")
    count = sum(vars(in_force).values())
    outcome = Outcome.WARN if count else Outcome.FAIL
    return outcome, _("%(count)d of the four switches are on.") % {"count": count}


def _ownership(facts: Facts) -> Told:
    if facts.get("ownership").has_acls:
        return Outcome.WARN, _("ACLs count here: whoever uploads may give an object to others.")
    return Outcome.PASS, _("The bucket's owner owns every object; ACLs do not count.")


def _encryption(facts: Facts) -> Told:
    found = facts.get("encryption")
    if found.algorithm is Algorithm.NONE:
        return Outcome.WARN, _("New objects are encrypted only when their sender asks for it.")
    return Outcome.PASS, _("New objects are encrypted (%(algorithm)s).") % {"algorithm": found.algorithm}


def _old_versions(facts: Facts) -> Told:
    versioning = facts.get("versioning")
    if versioning is not None and not versioning.keeps_versions:
        return Outcome.PASS, _("Not needed: the bucket keeps no old versions.")
    return _rules(
        facts,
        ("NoncurrentVersionExpiration", "NoncurrentVersionTransitions"),
        _("No rule moves or removes old versions: they are billed for ever."),
    )


def _incomplete_uploads(facts: Facts) -> Told:
    return _rules(
        facts,
        ("AbortIncompleteMultipartUpload",),
        _("No rule ends uploads that were never completed: their parts are billed, and no list shows them."),
    )


def _rules(facts: Facts, deeds: Sequence[str], if_none: str) -> Told:
    rules = [
        rule
        for rule in facts.get("lifecycle").rules
        if rule.get("Status") == "Enabled" and any(rule.get(deed) for deed in deeds)
    ]
    if not rules:
        return Outcome.WARN, if_none
    names = ", ".join(str(rule.get("ID", "–")) for rule in rules)
    if any(_is_for_all(rule) for rule in rules):
        return Outcome.PASS, _("Done by: %(names)s.") % {"names": names}
    return Outcome.WARN, _("Done for a part of the bucket only, by: %(names)s.") % {"names": names}


def _is_for_all(rule: Mapping[str, Any]) -> bool:
    chosen = rule.get("Filter", {"Prefix": rule.get("Prefix", "")})
    return not any(value not in ("", None) for value in chosen.values())


def _cors(facts: Facts) -> Told:
    if not facts.holds_photos:
        return Outcome.PASS, _("Not needed: pages upload into the photo bucket alone.")
    if not facts.reachable_by_browsers:
        return Outcome.PASS, _("Not needed: browsers do not reach this store, bytes go through the portal.")
    if not facts.origins:
        return Outcome.UNKNOWN, _("PORTAL_ORIGINS is not set: where the portal's pages come from is unknown.")
    shut = [origin for origin in facts.origins if not _lets_in(facts.get("cors"), origin)]
    if shut:
        return Outcome.FAIL, _("Browsers may not upload from %(origins)s.") % {"origins": ", ".join(shut)}
    return Outcome.PASS, _("Browsers may upload from %(origins)s.") % {"origins": ", ".join(facts.origins)}


def _lets_in(rules: Sequence[Mapping[str, Any]], origin: str) -> bool:
    return any(
        any(fits(pattern, origin) for pattern in rule.get("AllowedOrigins", []))
        and set(rule.get("AllowedMethods", [])) >= UPLOAD_METHODS
        and rule.get("AllowedHeaders")
        for rule in rules
    )


def _grants(facts: Facts) -> Told:
    found: Exposure = facts.get("exposure")
    if found.verdict is Public.YES:
        by = _("its policy") if found.by_policy is Public.YES else _("its ACL")
        return Outcome.FAIL, _("The world can see into the bucket, by %(what)s.") % {"what": by}
    if found.verdict is Public.UNKNOWN:
        return Outcome.UNKNOWN, _("Could not be read: %(parts)s.") % {"parts": ", ".join(found.unread)}
    if found.public_policy or found.public_acl:
        return Outcome.WARN, _("A public grant is stored but shut off: it counts again when the switch goes.")
    return Outcome.PASS, _("Neither the policy nor the bucket's ACL lets strangers in.")


def _clock(facts: Facts) -> Told:
    seconds = facts.get("clock")
    values = {"seconds": f"{abs(seconds):.0f}", "limit": REFUSED_AFTER_SECONDS}
    if abs(seconds) <= WARN_SKEW_SECONDS:
        return Outcome.PASS, _("Our clock and the store's differ by %(seconds)s seconds.") % values
    outcome = Outcome.FAIL if abs(seconds) > FAIL_SKEW_SECONDS else Outcome.WARN
    if seconds > 0:
        return outcome, _("Our clock is %(seconds)s seconds behind the store's.") % values
    return outcome, _("Our clock is %(seconds)s seconds ahead of the store's.") % values


def _permissions(facts: Facts) -> Told:
    refused = [one.action for one in facts.findings if one.verdict is Verdict.REFUSED]
    if refused:
        vital = facts.holds_photos and VITAL & set(refused)
        words = ngettext(
            "%(count)d action is refused: %(names)s.",
            "%(count)d actions are refused: %(names)s.",
            len(refused),
        )
        values = {"count": len(refused), "names": ", ".join(refused)}
        return Outcome.FAIL if vital else Outcome.WARN, words % values
    allowed = sum(one.verdict is Verdict.ALLOWED for one in facts.findings)
    if not allowed:
        return Outcome.UNKNOWN, _("Nothing could be tried.")
    return Outcome.PASS, _(
        "No action is refused; %(allowed)d of %(total)d could be tried and are allowed."
    ) % {
        "allowed": allowed,
        "total": len(facts.findings),
    }


def _table() -> list[tuple[str, str, str, str, Capability | None, Rule]]:
    """Return for each check: slug, title, why it matters, the fact and the capability it needs, its rule."""
    return [
        ("versioning", _("Versioning"),
         _("Only old versions bring back what somebody overwrote or deleted by mistake."),
         "versioning", None, _versioning),
        ("public-access", _("Public access blocked"),
         _("With all four switches on, no policy and no ACL can show photos to the world by accident."),
         "", Capability.PUBLIC_ACCESS_BLOCK, _public_access),
        ("ownership", _("Ownership enforced"),
         _("Without ACLs there is one place less where somebody can open an object."),
         "ownership", Capability.OWNERSHIP, _ownership),
        ("encryption", _("Default encryption"),
         _("Lost disks and back-ups of the store then hold nothing that can be read."),
         "encryption", Capability.DEFAULT_ENCRYPTION, _encryption),
        ("grants", _("No public grants"),
         _("A policy or an ACL that names everybody shows what is in the bucket to the world."),
         "exposure", None, _grants),
        ("old-versions", _("A rule for old versions"),
         _("Old versions are billed like any object, and no list of objects shows them."),
         "lifecycle", Capability.LIFECYCLE, _old_versions),
        ("incomplete-uploads", _("A rule for incomplete uploads"),
         _("A browser that goes away in the middle leaves parts behind."),
         "lifecycle", Capability.LIFECYCLE, _incomplete_uploads),
        ("cors", _("CORS for this portal"),
         _("Browsers upload straight into the bucket, if it lets in the portal's pages."),
         "cors", None, _cors),
        ("clock", _("Clock"),
         _("Every request carries the time; the store refuses those that are 15 minutes off."),
         "clock", None, _clock),
        ("permissions", _("Permissions"),
         _("An action that is refused fails when somebody needs it."),
         "", None, _permissions),
    ]  # fmt: skip
