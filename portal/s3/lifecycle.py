"""Lifecycle rules. S3 replaces the whole set at once: one rule is changed by read, merge, write.

Rules are kept as S3 says them, so that what the portal's form does not know, and the rules of
others, survive its changes; so does the smallest size that transitions move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import lifecycle_rules, session
from portal.s3.errors import BadRequest, Conflict, NotConfigured, translated
from portal.s3.lifecycle_rules import Rule


@dataclass(frozen=True)
class Lifecycle:
    """All rules of a bucket, and its TransitionDefaultMinimumObjectSize ("" where the store has none)."""

    rules: tuple[Rule, ...] = ()
    smallest_moved: str = ""

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
    """Replace everything; no rules removes the configuration. BadRequest names what S3 would refuse."""
    client = session.client(alias)
    if not wanted.rules:
        with translated("DeleteBucketLifecycle"):
            client.delete_bucket_lifecycle(Bucket=bucket)
        return
    if found := lifecycle_rules.set_faults(wanted.rules):
        raise BadRequest(" ".join(found), operation="PutBucketLifecycleConfiguration")
    extra: dict[str, Any] = {}
    if wanted.smallest_moved:
        extra["TransitionDefaultMinimumObjectSize"] = wanted.smallest_moved
    rules: Any = list(wanted.rules)
    with translated("PutBucketLifecycleConfiguration"):
        client.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **extra
        )


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
    former = found.rule(changes["ID"])
    rule = {**(former or {}), **changes}
    if "Filter" in changes:
        rule.pop("Prefix", None)  # its older form; S3 refuses both together
    rule = {name: value for name, value in rule.items() if value is not None}
    if faults := lifecycle_rules.faults(rule):
        raise BadRequest(" ".join(faults), operation="PutBucketLifecycleConfiguration")
    if former is None:
        rules = (*found.rules, rule)
    else:
        rules = tuple(rule if kept is former else kept for kept in found.rules)
    wanted = replace(found, rules=rules)
    write(bucket, wanted, alias=alias)
    return wanted


def remove_rule(
    bucket: str, rule_id: str, *, if_unchanged: Lifecycle | None = None, alias: str = session.DEFAULT
) -> Lifecycle:
    """Remove one rule, keep the others; fine when it is gone already. Conflict as in `merge_rule`."""
    found = _read_unchanged(bucket, if_unchanged, alias)
    wanted = replace(found, rules=tuple(rule for rule in found.rules if rule.get("ID") != rule_id))
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
