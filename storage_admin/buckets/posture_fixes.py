"""What mends a failed check: a proposal for one setting, made from what the bucket has now.

Nothing is written here. A proposal goes to the review of settings, as if a person had filled in the form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from portal.s3 import photo_bucket
from portal.s3.encryption import DefaultEncryption
from portal.s3.lifecycle import Lifecycle
from portal.s3.ownership import Ownership
from portal.s3.types import VersioningState
from storage_admin import bucket_settings
from storage_admin.bucket_settings.cors import CorsRules
from storage_admin.buckets.posture_checks import Check, Lacks, wanted_block

# A year: long after anybody misses an old version, and never below what the trash promises.
OLD_VERSIONS_DAYS = max(365, settings.TRASH_DAYS)
INCOMPLETE_DAYS = 7


@dataclass(frozen=True)
class Fix:
    """Which setting mends a check; `propose` makes the new value, None: by hand only.

    It makes it from the present value, and from what the store is known to lack.
    """

    setting: str
    propose: Callable[[Any, Lacks], Any] | None = None


def _with_rule(name: str, **deed: Any) -> Callable[[Lifecycle, Lacks], Lifecycle]:
    def propose(now: Lifecycle, _lacks: Lacks) -> Lifecycle:
        rule = {"ID": name, "Status": "Enabled", "Filter": {"Prefix": ""}, **deed}
        others = tuple(one for one in now.rules if one.get("ID") != name)
        return replace(now, rules=(*others, rule))

    return propose


def _with_uploads(now: CorsRules, _lacks: Lacks) -> CorsRules:
    return CorsRules(photo_bucket.with_uploads_from(now.rules, settings.PORTAL_ORIGINS))


_FIXES = {
    "versioning": Fix("versioning", lambda now, _lacks: replace(now, state=VersioningState.ENABLED)),
    "public-access": Fix("public-access", lambda _now, lacks: wanted_block(lacks)),
    "ownership": Fix("ownership", lambda _now, _lacks: Ownership.ENFORCED),
    "encryption": Fix("encryption", lambda _now, _lacks: DefaultEncryption()),
    "old-versions": Fix(
        "lifecycle",
        _with_rule("portal-old-versions", NoncurrentVersionExpiration={"NoncurrentDays": OLD_VERSIONS_DAYS}),
    ),
    "incomplete-uploads": Fix(
        "lifecycle",
        _with_rule(
            "portal-incomplete-uploads",
            AbortIncompleteMultipartUpload={"DaysAfterInitiation": INCOMPLETE_DAYS},
        ),
    ),
    "cors": Fix("cors", _with_uploads),
    # Which statement or grant is meant to be there, only a person knows.
    "grants": Fix("policy"),
}


def fix_of(check: Check) -> Fix | None:
    """Return what would mend the check; None where nothing is wrong, or no setting of a bucket does it."""
    fix = _FIXES.get(check.slug)
    if fix is None or not check.wants_mending or bucket_settings.find(fix.setting) is None:
        return None
    return fix


def find(slug: str) -> Fix | None:
    """Return what mends the check of this slug."""
    return _FIXES.get(slug)
