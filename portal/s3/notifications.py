"""Event notifications. S3 replaces the whole set: one is changed by read, merge, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import sameness, session
from portal.s3.errors import BadRequest, Conflict, translated


class Target(StrEnum):
    """What events are sent to; the values are S3's own names of the lists."""

    QUEUE = "QueueConfigurations"
    TOPIC = "TopicConfigurations"
    FUNCTION = "LambdaFunctionConfigurations"


@dataclass(frozen=True)
class Notification:
    """One notification as S3 says it, so that fields unknown here survive a change."""

    target: Target
    said: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.said.get("Id", ""))

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(self.said.get("Events", ()))

    @property
    def prefix(self) -> str:
        return self._filter("prefix")

    @property
    def suffix(self) -> str:
        return self._filter("suffix")

    def only_for(self, prefix: str, suffix: str) -> Notification:
        """Return the same for keys that begin and end like that; empty: all."""
        rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
        return Notification(self.target, {**self.said, "Filter": {"Key": {"FilterRules": rules}}}).as_kept()

    def as_kept(self) -> Notification:
        """Return it in one of the ways that mean the same.

        S3 answers "Prefix" where "prefix" was sent, and may add empty rules.
        """
        said = {name: value for name, value in self.said.items() if name != "Filter" and value != ""}
        rules = [
            {"Name": str(rule["Name"]).lower(), "Value": rule["Value"]}
            for rule in self.said.get("Filter", {}).get("Key", {}).get("FilterRules", [])
            if rule.get("Value")
        ]
        if rules:
            said["Filter"] = {"Key": {"FilterRules": sorted(rules, key=sameness.key_of)}}
        return Notification(self.target, said)

    def _filter(self, name: str) -> str:
        rules = self.said.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        # S3 answers "Prefix" where "prefix" was sent.
        return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == name), "")


@dataclass(frozen=True, eq=False)
class Notifications:
    """All of a bucket; `event_bridge` sends every event there, whatever the list says.

    Equal is what does the same: they have no order.
    """

    entries: tuple[Notification, ...] = ()
    event_bridge: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notifications) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def sorted_entries(self) -> list[Notification]:
        """The notifications in an order that does not depend on the store."""
        return sorted(self.entries, key=_key_of)

    @property
    def _key(self) -> str:
        return sameness.key_of([[_key_of(entry) for entry in self.sorted_entries], self.event_bridge])


def read(bucket: str, *, alias: str = session.DEFAULT) -> Notifications:
    """Return the bucket's notifications; none is an empty answer, not an error."""
    with translated("GetBucketNotificationConfiguration"):
        answer: Any = session.client(alias).get_bucket_notification_configuration(Bucket=bucket)
    return Notifications(
        entries=tuple(
            Notification(target, dict(said)).as_kept()
            for target in Target
            for said in answer.get(target.value, [])
        ),
        event_bridge="EventBridgeConfiguration" in answer,
    )


def write(bucket: str, wanted: Notifications, *, alias: str = session.DEFAULT) -> None:
    """Replace everything. BadRequest where two would get the same event of the same key."""
    if found := faults(wanted):
        raise BadRequest(" ".join(found), operation="PutBucketNotificationConfiguration")
    sent: Any = {}
    for entry in wanted.entries:
        sent.setdefault(entry.target.value, []).append(entry.said)
    if wanted.event_bridge:
        sent["EventBridgeConfiguration"] = {}
    with translated("PutBucketNotificationConfiguration"):
        session.client(alias).put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=sent
        )


def merge(
    bucket: str,
    entry: Notification,
    *,
    if_unchanged: Notifications | None = None,
    alias: str = session.DEFAULT,
) -> Notifications:
    """Add the notification, or change the one of its target and name; keep the others.

    Conflict when the bucket's are no longer those of `if_unchanged`, which the person saw.
    """
    found = _read_unchanged(bucket, if_unchanged, alias)
    entries = []
    is_new = True
    for kept in found.entries:
        if (kept.target, kept.name) == (entry.target, entry.name):
            entries.append(Notification(entry.target, _merged(kept.said, entry.said)))
            is_new = False
        else:
            entries.append(kept)
    if is_new:
        entries.append(entry)
    wanted = replace(found, entries=tuple(entries))
    write(bucket, wanted, alias=alias)
    return wanted


def remove(
    bucket: str,
    target: Target,
    name: str,
    *,
    if_unchanged: Notifications | None = None,
    alias: str = session.DEFAULT,
) -> Notifications:
    """Remove one notification, keep the others; fine when it is gone already."""
    found = _read_unchanged(bucket, if_unchanged, alias)
    kept = tuple(entry for entry in found.entries if (entry.target, entry.name) != (target, name))
    wanted = replace(found, entries=kept)
    if wanted != found:
        write(bucket, wanted, alias=alias)
    return wanted


def faults(wanted: Notifications) -> list[str]:
    """Return what S3 would refuse: two notifications for the same event of the same key."""
    entries = wanted.entries
    return [
        _("“%(one)s” and “%(other)s” overlap: a key could belong to both.")
        % {"one": one.name, "other": other.name}
        for number, one in enumerate(entries)
        for other in entries[number + 1 :]
        if _overlap(one, other)
    ]


def _overlap(one: Notification, other: Notification) -> bool:
    events = any(_same_event(mine, theirs) for mine in one.events for theirs in other.events)
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return events and prefixes and suffixes


def _same_event(one: str, other: str) -> bool:
    if one == other:
        return True
    return any(
        wide.endswith("*") and narrow.startswith(wide[:-1]) for wide, narrow in ((one, other), (other, one))
    )


def _key_of(entry: Notification) -> str:
    kept = entry.as_kept().said
    return sameness.key_of([entry.target.value, {**kept, "Events": sorted(kept.get("Events", []))}])


def _merged(former: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    both = {**former, **changes}
    return {name: value for name, value in both.items() if value is not None}


def _read_unchanged(bucket: str, seen: Notifications | None, alias: str) -> Notifications:
    found = read(bucket, alias=alias)
    if seen is not None and found != seen:
        raise Conflict(
            _("The notifications were changed meanwhile."), operation="PutBucketNotificationConfiguration"
        )
    return found
