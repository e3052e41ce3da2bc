"""The tags of what reconciliation put aside, and the lifecycle rule that takes it out of sight.

A rule matches a whole tag, so the day stands in another one. Its days count from when the object was
made (UG:intro-lifecycle-rules), not from when it was tagged: an old object goes with the rule's next
run. So the rule only hides, behind a delete marker, and that only where versioning is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.s3.lifecycle_rules import Rule, canonical

TAG, VALUE = "portal-quarantine", "yes"
DAY_TAG = "portal-quarantine-since"
NAMES = (TAG, DAY_TAG)
RULE_ID = "portal-quarantine"
RULE: Rule = {
    "ID": RULE_ID,
    "Status": "Enabled",
    "Filter": {"Tag": {"Key": TAG, "Value": VALUE}},
    "Expiration": {"Days": 30},
}


def is_for_quarantine(rule: Mapping[str, Any]) -> bool:
    """Whether the rule touches nothing but what has the tag."""
    chosen = canonical(rule)["Filter"]
    both = chosen.get("And", {})
    tags = [chosen["Tag"]] if "Tag" in chosen else both.get("Tags", [])
    return {"Key": TAG, "Value": VALUE} in tags
