"""The form of one event notification, and of the switch for EventBridge."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import notifications
from portal.s3.notifications import Notification, Notifications, Target
from storage_admin.bucket_settings import json_text
from storage_admin.bucket_settings.json_text import quoted
from storage_admin.bucket_settings.setting import SettingForm

EVENT_BRIDGE = "EventBridge"  # a part of its own; no target is called so
ARN_FIELDS = {
    Target.QUEUE: "QueueArn",
    Target.TOPIC: "TopicArn",
    Target.FUNCTION: "LambdaFunctionArn",
}
TARGET_WORDS = {
    Target.QUEUE: gettext_lazy("a queue (SQS)"),
    Target.TOPIC: gettext_lazy("a topic (SNS)"),
    Target.FUNCTION: gettext_lazy("a function (Lambda)"),
}
_ARNS = {
    Target.QUEUE: re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+"),
    Target.TOPIC: re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+"),
    Target.FUNCTION: re.compile(
        r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[^:\s]+)?"
    ),
}
# The usual ones (API:PutBucketNotificationConfiguration); others that a notification has are kept.
EVENTS = (
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectTagging:*",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
)


def part_name(entry: Notification) -> str:
    """Return what a notification is called in addresses."""
    return f"{entry.target.value} {entry.name}"


class NotificationForm(SettingForm):
    """One notification, new or there already: then it keeps its name and its kind of target."""

    event_bridge = forms.BooleanField(label=gettext_lazy("Send every event to EventBridge"), required=False)
    called = forms.CharField(label=gettext_lazy("Name"), max_length=255)
    target = forms.ChoiceField(
        label=gettext_lazy("Send to"), choices=[(one.value, words) for one, words in TARGET_WORDS.items()]
    )
    arn = forms.CharField(
        label=gettext_lazy("Its ARN"),
        max_length=2048,
        help_text=gettext_lazy("In the bucket's region; its own policy must let S3 send. No FIFO queue."),
    )
    events = forms.MultipleChoiceField(label=gettext_lazy("Events"), widget=forms.CheckboxSelectMultiple)
    begins = forms.CharField(
        label=gettext_lazy("Only keys that begin with"), required=False, max_length=1024, strip=False
    )
    ends = forms.CharField(
        label=gettext_lazy("Only keys that end in"), required=False, max_length=1024, strip=False
    )
    gone = forms.BooleanField(label=gettext_lazy("Remove this notification"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.part == EVENT_BRIDGE:
            self.fields = {"event_bridge": self.fields["event_bridge"]}
            return
        del self.fields["event_bridge"]
        self.former = _find(self.now, self.part) if self.part is not None else None
        more = [one for one in self.former.events if one not in EVENTS] if self.former else []
        field = self.fields["events"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for mypy: declared above
        field.choices = [(one, one) for one in (*EVENTS, *more)]
        if self.former is None:
            del self.fields["gone"]
        else:
            self.fields["called"].disabled = self.fields["target"].disabled = True

    @classmethod
    def initial_of(cls, now: Notifications, part: str | None) -> dict[str, Any]:
        if part is None:
            return {}
        if part == EVENT_BRIDGE:
            return {"event_bridge": now.event_bridge}
        found = _find(now, part)
        return {
            "called": found.name,
            "target": found.target.value,
            "arn": found.said.get(ARN_FIELDS[found.target], ""),
            "events": list(found.events),
            "begins": found.prefix,
            "ends": found.suffix,
        }

    def clean(self) -> dict[str, Any]:
        """Name what S3 would refuse: an ARN of another kind, two notifications for one event."""
        given = self.cleaned_data
        if self.errors or self.part == EVENT_BRIDGE or given.get("gone"):
            return given
        target = Target(given["target"])
        if not _ARNS[target].fullmatch(given["arn"]):
            words = _("This is no ARN of %(target)s.")
            self.add_error("arn", words % {"target": TARGET_WORDS[target]})
        name = given["called"]
        if self.former is None and any(entry.name == name for entry in self.now.entries):
            words = _("There is a notification %(name)s already: change that one.")
            self.add_error("called", words % {"name": quoted(name)})
        if self.errors:
            return given
        if not json_text.can_be_sent(given["called"] + given["begins"] + given["ends"]):
            self.add_error(None, _("XML holds no control characters: S3 cannot take them here."))
        for fault in notifications.faults(self.wanted()):
            self.add_error(None, fault)
        return given

    def wanted(self) -> Notifications:
        """Return all notifications, with this one as the form has it."""
        given, now = self.cleaned_data, self.now
        if self.part == EVENT_BRIDGE:
            return replace(now, event_bridge=given["event_bridge"])
        target, name = Target(given["target"]), given["called"]
        if given.get("gone"):
            return replace(now, entries=tuple(entry for entry in now.entries if entry != self.former))
        entry = Notification(
            target,
            {
                **(self.former.said if self.former else {}),
                "Id": name,
                ARN_FIELDS[target]: given["arn"],
                "Events": given["events"],
            },
        ).only_for(given["begins"], given["ends"])
        if self.former is None:
            return replace(now, entries=(*now.entries, entry))
        return replace(now, entries=tuple(entry if kept == self.former else kept for kept in now.entries))


def _find(now: Notifications, part: str | None) -> Notification:
    found = next((entry for entry in now.entries if entry.name and part_name(entry) == part), None)
    if found is None:
        raise KeyError(part)
    return found
