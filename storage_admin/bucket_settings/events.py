"""Event notifications: to whom the store tells what happens in the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import spelling
from portal.s3 import notifications
from portal.s3.differences import Capability
from portal.s3.notifications import Notification, Notifications, Target
from portal.s3.sameness import key_of
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.notifications_form import (
    ARN_FIELDS,
    EVENT_BRIDGE,
    TARGET_WORDS,
    NotificationForm,
    part_name,
)
from storage_admin.bucket_settings.setting import (
    Facts,
    Level,
    Meaning,
    Part,
    Place,
    Setting,
    yes_or_no,
)

_FILTERS = (["prefix"], ["suffix"], ["prefix", "suffix"])


class EventsSetting(Setting[Notifications]):
    """All notifications, one of them edited at a time; the others, and what the form does not know, stay."""

    slug = "notifications"
    title = gettext_lazy("Event notifications")
    about = gettext_lazy("Which queue, topic or function is told what happens in the bucket.")
    term = "Event notifications (NotificationConfiguration)"
    needs = (Capability.EVENTS,)
    form_class = NotificationForm

    def read(self, bucket: str, alias: str) -> Notifications:
        return notifications.read(bucket, alias=alias)

    def write(self, bucket: str, alias: str, wanted: Notifications) -> None:
        notifications.write(bucket, wanted, alias=alias)

    def as_data(self, value: Notifications) -> dict[str, Any]:
        entries = [{"target": entry.target.value, "said": entry.said} for entry in value.entries]
        return {"entries": entries, "event_bridge": value.event_bridge}

    def from_data(self, data: Mapping[str, Any]) -> Notifications:
        entries = tuple(Notification(Target(one["target"]), one["said"]) for one in data["entries"])
        return Notifications(entries, data["event_bridge"])

    def facts(self, value: Notifications) -> Facts:
        found: Facts = {_("EventBridge, for every event"): yes_or_no(value.event_bridge)}
        for entry in value.sorted_entries:
            label = _("To %(target)s: %(name)s") % {
                "target": TARGET_WORDS[entry.target],
                "name": quoted(entry.name) if entry.name else _("without a name"),
            }
            while label in found:
                label += " +"
            found[label] = _in_words(entry)
        return found

    def summary(self, value: Notifications) -> str:
        count = len(value.entries)
        listed = _("%(count)d notifications") % {"count": count} if count else _("none")
        return f"{listed}, EventBridge" if value.event_bridge else listed

    def parts(self, value: Notifications) -> list[Part] | None:
        bridge = Part(EVENT_BRIDGE, "EventBridge", yes_or_no(value.event_bridge))
        return [bridge] + [
            Part(part_name(entry), quoted(entry.name), "; ".join(_in_words(entry).splitlines()))
            for entry in value.sorted_entries
            if entry.name
        ]

    def meaning(self, before: Notifications, after: Notifications, _place: Place) -> list[Meaning]:
        found = []
        if new := [entry for entry in after.entries if entry not in before.entries]:
            found.append(
                Meaning(
                    _(
                        "The store asks each target first, and sends it a test event (s3:TestEvent). Where "
                        "its policy does not let the store in, nothing is changed."
                    )
                )
            )
            found.append(
                Meaning(_("Events come at least once, not in order, after seconds and sometimes minutes."))
            )
            if any("ObjectCreated" in event for entry in new for event in entry.events):
                words = _("A function that writes into this bucket on its own events calls itself for ever.")
                found.append(Meaning(words, Level.WARNING))
        if [entry for entry in before.entries if entry not in after.entries]:
            words = _("Who waited for the former events gets none any more, and none later.")
            found.append(Meaning(words, Level.WARNING))
        if before.event_bridge and not after.event_bridge:
            words = _("Rules in EventBridge that wait for this bucket hear nothing any more.")
            found.append(Meaning(words, Level.WARNING))
        return found


def _in_words(entry: Notification) -> str:
    said = dict(entry.as_kept().said)
    said.pop("Id", None)
    if [rule["Name"] for rule in said.get("Filter", {}).get("Key", {}).get("FilterRules", [])] in _FILTERS:
        del said["Filter"]  # told below
    lines = [spelling.plain(key_of(said.pop(ARN_FIELDS[entry.target], "")))]
    lines.append(_("on: %(what)s") % {"what": spelling.plain(key_of(sorted(said.pop("Events", []))))})
    if entry.prefix or entry.suffix:
        words = _("for keys from %(begin)s to %(end)s")
        lines.append(words % {"begin": quoted(entry.prefix), "end": quoted(entry.suffix)})
    if said:
        lines.append(_("as S3 has it: %(what)s") % {"what": spelling.plain(key_of(said))})
    return "\n".join(lines)
