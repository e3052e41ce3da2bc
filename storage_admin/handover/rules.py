"""What a job is as a lifecycle rule, or why it is not: a rule knows beginnings of keys, days and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from photos import keys
from portal.s3 import lifecycle_rules, object_lock, versioning
from portal.s3.capabilities import known, server
from portal.s3.differences import Capability
from portal.s3.errors import Unsupported
from portal.s3.lifecycle_rules import LEAST_DAYS_TO_IA, WATERFALL, Rule
from portal.s3.types import StorageClass
from storage_admin.errors import NotPossible
from storage_admin.handover import operations
from storage_admin.models import Job, JobHandover

SLUGS = ("destroy", "hide", "empty", "change-class")
LEAST_BYTES = 1  # rules of ours move what is larger
_INFREQUENT = {StorageClass.STANDARD_IA, StorageClass.ONEZONE_IA}


def name_of(handover: JobHandover) -> str:
    """Return the rule's name, which no other portal's job has in the same bucket."""
    return f"portal-job-{handover.job_id}-{handover.token.hex[:8]}"


def of(job: Job, name: str) -> Rule:
    """Return the rule. NotPossible says why none does what the plan says, and nothing else."""
    deeds = _DEEDS.get(job.kind)
    if deeds is None:
        raise NotPossible(_("Lifecycle rules have nothing that does this."))
    if job.selection["what"] not in {"objects", "versions", "everything"}:
        raise NotPossible(
            _("A rule knows how keys begin; this job is for objects that were named one by one.")
        )
    if job.parameters.get("bypass"):
        raise NotPossible(_("A rule bypasses no governance."))
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": job.prefix}, **deeds(job)}


def refusal(job: Job) -> str:
    """Return why the job cannot be a rule, by rows and settings alone; empty where it can."""
    can = known(server(job.bucket.connection))
    if against := can.get(Capability.LIFECYCLE):
        return against
    try:
        rule = of(job, "portal-job")
    except NotPossible as error:
        return str(error)
    if "Transitions" in rule and (against := can.get(Capability.LIFECYCLE_EVERY_FIELD)):
        return against
    if removes(rule) and _meets_photos(job):
        return _(
            "Photos or their renditions lie there. A rule asks no row: it would take what a photo names."
        )
    return " ".join(lifecycle_rules.faults(rule))


def obstacle(job: Job) -> str:
    """Return what stands against a rule now, asked of the store; empty where nothing does."""
    name, alias = job.bucket.name, job.bucket.connection
    state = versioning.read(name, alias=alias)
    if state.mfa_delete:
        return _("This bucket has MFA delete: lifecycle rules are not possible there.")
    if job.kind == "hide" and state.plain_delete_destroys:
        return _("The rule would destroy objects: the bucket's versioning is not switched on.")
    if job.kind in {"destroy", "empty"}:
        try:
            if object_lock.of_bucket(name, alias=alias).is_enabled:
                return _("The bucket has object lock: a rule would wait for locks, and never tell which.")
        except Unsupported:
            return ""
    return ""


def removes(rule: Rule) -> bool:
    """Whether the rule takes anything away, and not only moves it."""
    return bool({"Expiration", "NoncurrentVersionExpiration"} & set(rule))


def days(rule: Rule) -> int:
    """Return after how many days the rule acts, of an object that is made today."""
    found = [rule.get("Expiration", {}).get("Days"), *(one["Days"] for one in rule.get("Transitions", []))]
    found.append(rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"))
    return max((one for one in found if one), default=0)


def meaning(job: Job) -> list[str | Promise]:
    """Return sentences about what is different from the portal's own workers."""
    rule = of(job, "portal-job")
    said: list[str | Promise] = [
        gettext_lazy(
            "The store goes by its rules about once a day, days counted to the next midnight in UTC. The "
            "portal looks every few hours what is left, and takes the rule away when nothing is."
        ),
        gettext_lazy(
            "No object has an outcome of its own: there is nothing to undo and nothing to retry, and the "
            "store's own log alone tells what went when."
        ),
    ]
    if wait := days(rule):
        said.append(
            _("It acts on what is at least %(days)d days old: younger things wait, and the rule with them.")
            % {"days": wait}
        )
    if removes(rule):
        said.append(
            gettext_lazy("What is written there while the rule stands goes, too, when it is old enough.")
        )
    if job.kind == "hide":
        said.append(gettext_lazy("In a versioned bucket the rule adds delete markers: all versions stay."))
    if job.kind == "change-class":
        said.append(gettext_lazy("No version is added. Objects of one byte, or none, stay in their class."))
    return said


def is_left(job: Job, bytes_held: int) -> bool:
    """Whether an object that the job would work on is one that the rule works on, too."""
    return job.kind != "change-class" or bytes_held > LEAST_BYTES


def _destroy(job: Job) -> dict[str, Any]:
    which = job.parameters.get("which", "old")
    if which == "lone-markers":
        return {"Expiration": {"ExpiredObjectDeleteMarker": True}}
    if which == "everything":
        # Days also take lone markers away, once they are as old (UG:lifecycle-configuration-examples).
        return {"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    # A rule knows no "at once".
    older: dict[str, Any] = {"NoncurrentDays": max(1, job.parameters.get("days", 0))}
    if keep := job.parameters.get("keep", 0):
        older["NewerNoncurrentVersions"] = keep
    return {"NoncurrentVersionExpiration": older}


def _hide(_job: Job) -> dict[str, Any]:
    return {"Expiration": {"Days": 1}}


def _empty(_job: Job) -> dict[str, Any]:
    return {
        "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def _change_class(job: Job) -> dict[str, Any]:
    wanted = StorageClass(job.parameters["storage_class"])
    if wanted not in WATERFALL[1:]:
        raise NotPossible(_("No rule moves anything to %(name)s.") % {"name": wanted})
    place = WATERFALL.index(wanted)
    above = {one.value for one in WATERFALL[:place]}
    if wanted is StorageClass.GLACIER_IR:
        above.discard(StorageClass.ONEZONE_IA.value)
    if stuck := sorted(set(job.plan.get("by_class", {})) - above):
        raise NotPossible(
            _("Rules move objects only down: from %(stuck)s none leads to %(name)s.")
            % {"stuck": ", ".join(stuck), "name": wanted}
        )
    wait = LEAST_DAYS_TO_IA if wanted in _INFREQUENT else 1
    # A size of our own takes the place of the least size that transitions move, 128 KB (UG). Not 0:
    # whether stores tell that from none is not sure.
    small: dict[str, Any] = {"ObjectSizeGreaterThan": LEAST_BYTES}
    chosen = {"And": {"Prefix": job.prefix, **small}} if job.prefix else small
    return {"Filter": chosen, "Transitions": [{"Days": wait, "StorageClass": wanted.value}]}


_DEEDS: Mapping[str, Callable[[Job], dict[str, Any]]] = {
    "destroy": _destroy,
    "hide": _hide,
    "empty": _empty,
    "change-class": _change_class,
}


def _meets_photos(job: Job) -> bool:
    folder, prefix = keys.RENDITIONS, job.prefix
    in_renditions = job.bucket.holds_photos and (prefix.startswith(folder) or folder.startswith(prefix))
    return in_renditions or operations.holds_originals(job)
