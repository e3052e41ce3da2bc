"""The kinds of jobs, a module for each subject, and the table of all of them."""

from storage_admin.jobs.kind import Kind
from storage_admin.jobs.kinds.access import SetAcl
from storage_admin.jobs.kinds.archive import Restore
from storage_admin.jobs.kinds.carrying import Copy, Move
from storage_admin.jobs.kinds.classes import ChangeClass
from storage_admin.jobs.kinds.counting import CountObjects
from storage_admin.jobs.kinds.deleting import AbortUploads, Destroy, Hide
from storage_admin.jobs.kinds.describing import EditHeaders, EditTags
from storage_admin.jobs.kinds.emptying import Empty
from storage_admin.jobs.kinds.encrypting import Encrypt
from storage_admin.jobs.kinds.locking import Lock
from storage_admin.jobs.kinds.renditions import MakeRenditions
from storage_admin.jobs.kinds.repairing import Repair
from storage_admin.jobs.kinds.time_machine import RollBack, Undelete, Undo
from storage_admin.jobs.kinds.verifying import Verify
from storage_admin.jobs.kinds.zipping import Zip
from storage_admin.models import Job

# In the order in which people are offered them.
EVERY: tuple[Kind, ...] = (
    ChangeClass(),
    Restore(),
    EditTags(),
    EditHeaders(),
    SetAcl(),
    Encrypt(),
    Lock(),
    Copy(),
    Move(),
    Zip(),
    Hide(),
    Destroy(),
    AbortUploads(),
    Empty(),
    RollBack(),
    Undelete(),
    CountObjects(),
    Verify(),
    MakeRenditions(),
    Repair(),
    Undo(),
)
_BY_SLUG = {kind.slug: kind for kind in EVERY}


def of(job: Job) -> Kind:
    """Return the job's kind. KeyError for one that this version of the portal does not have."""
    return _BY_SLUG[job.kind]


def named(slug: str) -> Kind | None:
    """Return the kind of that name."""
    return _BY_SLUG.get(slug)
