"""Which feature each module of the portal calls Amazon for, and on which side it runs.

A module that is not named belongs to the nearest package above it that is. WEB: in a request of a
browser; WORKER: in a task of the queue `bulk` or `interactive`; SETUP: in a command that a person
runs once. Pages never do a job's work: they write a row, and a task takes it up.
"""

from dataclasses import dataclass

WEB, WORKER, SETUP = "web", "worker", "setup"


@dataclass(frozen=True)
class Caller:
    """One module or package: its feature, and its sides."""

    feature: str
    sides: tuple[str, ...]


CALLERS: dict[str, Caller] = {
    "portal.health": Caller("photos", (WEB,)),
    "portal.management.commands.setup_storage": Caller("photos", (SETUP,)),
    "photos.arrival": Caller("photos", (WEB, WORKER)),  # "complete" of a browser; the sweep
    "photos.deriving": Caller("photos", (WORKER,)),
    "photos.links": Caller("photos", (WEB,)),
    "photos.processing": Caller("photos", (WORKER,)),
    "photos.replacement": Caller("photos", (WEB,)),
    "photos.upload": Caller("photos", (WEB,)),
    "photos.views": Caller("photos", (WEB,)),
    "storage_admin.purge": Caller("purge", (WORKER,)),
    "storage_admin.bucket_settings": Caller("settings", (WEB,)),
    # Also for a job that a lifecycle rule works off: a worker puts the rule, and takes it away.
    "storage_admin.bucket_settings.lifecycle": Caller("settings", (WEB, WORKER)),
    "storage_admin.buckets.connecting": Caller("look", (WEB,)),
    "storage_admin.connections": Caller("look", (WEB,)),
    # These also when somebody presses "Look now", "Check now", "Count now".
    "storage_admin.buckets.looking": Caller("look", (WEB, WORKER)),
    "storage_admin.buckets.posture": Caller("look", (WEB, WORKER)),
    "storage_admin.buckets.usage": Caller("look", (WEB, WORKER)),
    "storage_admin.buckets.sums": Caller("look", (WEB, WORKER)),  # also of the job that counts
    "storage_admin.buckets.services": Caller("settings", (WEB,)),
    "storage_admin.buckets.visibility": Caller("look", (WEB,)),
    "storage_admin.exports": Caller("zip", (WORKER,)),
    "storage_admin.exports.contents": Caller("look", (WORKER,)),  # what goes into a ZIP lies anywhere
    "storage_admin.jobs": Caller("jobs", (WORKER,)),
    "storage_admin.jobs.kinds.deleting": Caller("destroy", (WORKER,)),
    "storage_admin.jobs.kinds.emptying": Caller("destroy", (WORKER,)),
    "storage_admin.jobs.kinds.time_machine": Caller("recover", (WORKER,)),
    "storage_admin.schedules.acts.jobs": Caller("destroy", (WORKER,)),  # finds uploads to abort
    "storage_admin.analytics": Caller("analytics", (WORKER,)),
    "storage_admin.glue": Caller("glue", (WORKER,)),
    "storage_admin.schedules.acts.analysis": Caller("glue", (SETUP,)),  # what a dry run tells
    "storage_admin.arrivals.consuming": Caller("events", (WORKER,)),
    "storage_admin.arrivals.queue_state": Caller("events", (WEB, WORKER)),
    "storage_admin.arrivals.services": Caller("events", (WEB,)),
    "storage_admin.arrivals.setup": Caller("events", (SETUP,)),
    "storage_admin.arrivals.looking": Caller("arrivals", (WORKER,)),
    "storage_admin.arrivals.notices": Caller("arrivals", (WORKER,)),
    "storage_admin.arrivals.taking": Caller("arrivals", (WORKER,)),
    "storage_admin.handover": Caller("batch", (WORKER,)),
    # Whether a job may be handed over is asked when somebody presses the button.
    "storage_admin.handover.operations": Caller("batch", (WEB,)),
    "storage_admin.handover.rules": Caller("settings", (WEB,)),
    "storage_admin.handover.services": Caller("batch", (WEB,)),
    "storage_admin.inventory": Caller("inventory", (WEB, WORKER)),
    "storage_admin.reconciliation.from_report": Caller("inventory", (WORKER,)),
    "storage_admin.mirror.importing": Caller("mirror", (SETUP,)),
    "storage_admin.mirror.register": Caller("mirror", (WEB,)),
    "storage_admin.mirror.verifying": Caller("mirror", (WORKER,)),
    "storage_admin.mirror.writing": Caller("mirror", (WORKER,)),
    "storage_admin.management.commands.setup_dynamodb": Caller("mirror", (SETUP,)),
    "storage_admin.objects": Caller("look", (WEB,)),
    "storage_admin.objects.access": Caller("objects", (WEB,)),
    "storage_admin.objects.archive": Caller("objects", (WEB,)),
    "storage_admin.objects.changes": Caller("objects", (WEB,)),
    "storage_admin.objects.copies": Caller("objects", (WEB,)),
    "storage_admin.objects.locks": Caller("objects", (WEB,)),
    "storage_admin.objects.tags": Caller("objects", (WEB,)),
    "storage_admin.objects.uploading": Caller("objects", (WEB,)),
    "storage_admin.objects.destroying": Caller("destroy", (WEB,)),
    "storage_admin.objects.services": Caller("recover", (WEB,)),
    "storage_admin.reconciliation": Caller("reconcile", (WORKER,)),
    "storage_admin.sharing": Caller("look", (WEB,)),
    "storage_admin.time_machine": Caller("look", (WEB,)),
}

# Who only looks sees the pages of these, too, but not their buttons: "look" has what they read.
ALSO_LOOK = ("settings", "objects", "recover", "destroy")

# What is not granted, and why.
NOT_GRANTED = {
    "storage_admin.simulator_samples": "fills simulators alone, which ask for no rights",
    "storage_admin.mirror.reading": "shows how the mobile app reads, with keys of its own",
}
# A verb whose calls are meant to be refused: it finds out which rights there are.
PROBES = ("portal.s3.permissions.asks",)
# What a verb could send, but is never asked to by this caller: (caller, operation), and why.
NEVER_SENT = {
    ("portal.management.commands.setup_storage", "CreateBucket:ObjectLockEnabledForBucket"):
        "its bucket is born without a lock",
    ("portal.management.commands.setup_storage", "PutBucketEncryption"):
        "its bucket is born with the store's default encryption",
    ("portal.management.commands.setup_storage", "DeleteBucketEncryption"):
        "its bucket is born with the store's default encryption",
    ("portal.management.commands.setup_storage", "DeleteBucketCors"):
        "it adds a rule, so that the set is never empty",
}  # fmt: skip
