"""What is done daily: a class for each line, and the table of all of them."""

from storage_admin.schedules.act import Act
from storage_admin.schedules.acts.analysis import Analytics, GlueJobs
from storage_admin.schedules.acts.jobs import AbortUploads, VerifySlice
from storage_admin.schedules.acts.rounds import Posture, Reconcile, Usage
from storage_admin.schedules.acts.tidying import Exports, Sessions, ShareLinks, Trash

# In the order in which people see them.
EVERY: tuple[Act, ...] = (
    Reconcile(),
    VerifySlice(),
    Usage(),
    Posture(),
    Analytics(),
    GlueJobs(),
    Trash(),
    Exports(),
    ShareLinks(),
    AbortUploads(),
    Sessions(),
)
_BY_NAME = {act.name: act for act in EVERY}


def named(name: str) -> Act:
    """Return the act of that line. KeyError for one that there is not."""
    return _BY_NAME[name]


def names() -> list[str]:
    """Return the names of all."""
    return list(_BY_NAME)
