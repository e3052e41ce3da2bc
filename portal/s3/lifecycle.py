"""Lifecycle rules. S3 replaces the whole set at once: one rule is changed by read, merge, write.

Rules are kept as S3 says them, so that what the portal's form does not know, and the rules of
others, survive its changes; so does the smallest size that transitions move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import lifecycle_rules, sameness, session, versioning
from portal.s3.errors import (
    AccessRefused,
    BadRequest,
    Conflict,
    MfaRequired,
    NotConfigured,
    Unsupported,
    translated,
)
from portal.s3.lifecycle_rules import Rule

# What Amazon says where nobody set it; "varies_by_storage_class" is the other choice.
USUAL_SMALLEST_MOVED = "all_storage_classes_128K"


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """All rules of a bucket, and its TransitionDefaultMinimumObjectSize ("" where the store has none).

    Equal is what does the same: rules have no order, and stores write the same filter in several ways.
    """

    rules: tuple[Rule, ...] = ()
    smallest_moved: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lifecycle) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> str:
        rules = sorted(sameness.key_of(lifecycle_rules.canonical(rule)) for rule in self.rules)
        return sameness.key_of([rules, self.smallest_moved or USUAL_SMALLEST_MOVED if rules else ""])

    def merged(self, changes: Mapping[str, Any]) -> Lifecycle:
        """Return these rules with one more, or with the one of that `ID` changed.

        Fields that `changes` does not name stay; one that it names as None goes.
        """
        former = self.rule(changes["ID"])
        rule = {**(former or {}), **changes}
        if "Filter" in changes:
            rule.pop("Prefix", None)  # its older form; S3 refuses both together
        rule = {name: value for name, value in rule.items() if value is not None}
        if former is None:
            return replace(self, rules=(*self.rules, rule))
        return replace(self, rules=tuple(rule if kept is former else kept for kept in self.rules))

    def without(self, rule_id: str) -> Lifecycle:
        """Return these rules without the one of that name."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.get("ID") != rule_id))

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.get("ID") == rule_id), None)


def read(bucket: str, *, alias: str = session.DEFAULT) -> Lifecycle:
    """Return the bucket's rules."""
    try:
        with translated("GetBucketLifecycleConfiguration"):
            answer = session.client(alias).get_bucket_lifecycle_configuration(Bucket=bucket)
    except NotConfigured:
        return Lifecycle()
    return Lifecycle(
        rules=tuple(dict(rule) for rule in answer.get("Rules", [])),
        smallest_moved=answer.get("TransitionDefaultMinimumObjectSize", ""),
    )


def write(bucket: str, wanted: Lifecycle, *, alias: str = session.DEFAULT) -> None:
    """Replace everything; no rules removes the configuration. BadRequest names what S3 would refuse.

    MfaRequired where the bucket has MFA delete: it takes no rules (UG:lifecycle-and-other-bucket-config).
    """
    client = session.client(alias)
    if not wanted.rules:
        with translated("DeleteBucketLifecycle"):
            client.delete_bucket_lifecycle(Bucket=bucket)
        return
    if found := lifecycle_rules.set_faults(wanted.rules):
        raise BadRequest(" ".join(found), operation="PutBucketLifecycleConfiguration")
    if _has_mfa_delete(bucket, alias):
        raise MfaRequired(
            _("This bucket has MFA delete: lifecycle rules are not possible there."),
            operation="PutBucketLifecycleConfiguration",
        )
    extra: dict[str, Any] = {}
    if wanted.smallest_moved:
        extra["TransitionDefaultMinimumObjectSize"] = wanted.smallest_moved
    rules: Any = list(wanted.rules)
    with translated("PutBucketLifecycleConfiguration"):
        client.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **extra
        )


def _has_mfa_delete(bucket: str, alias: str) -> bool:
    """Whether the bucket is known to have MFA delete; who may not ask is told by the store itself."""
    try:
        return versioning.read(bucket, alias=alias).mfa_delete
    except (AccessRefused, Unsupported):
        return False


def merge_rule(
    bucket: str,
    changes: Mapping[str, Any],
    *,
    if_unchanged: Lifecycle | None = None,
    alias: str = session.DEFAULT,
) -> Lifecycle:
    """Add the rule, or change the one of its `ID`; return all rules as written.

    Fields that `changes` does not name stay; one that it names as None goes. BadRequest for a rule
    that S3 would refuse, also where a store would take it. `if_unchanged` is what the person saw:
    Conflict when it is something else by now.
    """
    found = _read_unchanged(bucket, if_unchanged, alias)
    wanted = found.merged(changes)
    if faults := lifecycle_rules.faults(wanted.rule(changes["ID"]) or {}):
        raise BadRequest(" ".join(faults), operation="PutBucketLifecycleConfiguration")
    write(bucket, wanted, alias=alias)
    return wanted


def remove_rule(
    bucket: str, rule_id: str, *, if_unchanged: Lifecycle | None = None, alias: str = session.DEFAULT
) -> Lifecycle:
    """Remove one rule, keep the others; fine when it is gone already. Conflict as in `merge_rule`."""
    found = _read_unchanged(bucket, if_unchanged, alias)
    wanted = found.without(rule_id)
    if wanted != found:
        write(bucket, wanted, alias=alias)
    return wanted


def _read_unchanged(bucket: str, seen: Lifecycle | None, alias: str) -> Lifecycle:
    found = read(bucket, alias=alias)
    if seen is not None and found != seen:
        raise Conflict(
            _("The lifecycle rules were changed meanwhile."), operation="PutBucketLifecycleConfiguration"
        )
    return found
