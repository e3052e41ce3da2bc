"""What each job did to the bucket, as the bucket shows it, held against what the job says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from photos.models import Photo
from storage_admin.jobs.kind import NOT_KNOWN
from storage_admin.models import Job, JobItem, JobState
from tests.storage_admin.lockstep.model import Change, Entry, Model, Named


@dataclass
class Account:
    """One job's doings: entries that appeared and vanished while it alone was at work."""

    job_id: int
    appeared: dict[Named, Entry] = field(default_factory=dict)
    vanished: dict[Named, Entry] = field(default_factory=dict)
    touched_by_others: set[str] = field(default_factory=set)
    # S3 knows versions with the same bytes by one ETag: a copy onto itself that botocore sends again,
    # because the answer was lost, is made twice. One more version is billed, and none is lost.
    may_repeat: bool = False

    def book(self, model: Model, changes: dict[str, Change]) -> None:
        """Take down what a slice of the job did; AssertionError for what its kind must never do."""
        job = Job.objects.get(pk=self.job_id)
        rows = list(Photo.objects.filter(key__in=changes))
        for key, change in changes.items():
            assert key.startswith(job.prefix), f"{job} touched {key}"
            named = {row.version_id for row in rows if row.key == key}
            live = any(row.key == key and row.is_live for row in rows)
            most = 2 if self.may_repeat and job.kind == "edit-metadata" else 1
            assert job.kind == "destroy" or len(change.appeared) <= most, f"{job}: {change}"
            _may(job, model, key, change, named=named, is_live=live)
            self.appeared |= {(key, one.version_id): one for one in change.appeared}
            self.vanished |= {(key, one.version_id): one for one in change.vanished}

    def close(self, model: Model) -> None:
        """Compare an ended job's counts and outcomes with what it did."""
        job = Job.objects.get(pk=self.job_id)
        done = list(job.items.filter(outcome=JobItem.Outcome.DONE))
        failed = list(job.items.filter(outcome=JobItem.Outcome.FAILED))
        said = f"{job} {job.state} {job.stopped_because}"
        assert (job.done, job.failed) == (len(done), len(failed)), said
        if job.state in {JobState.DONE, JobState.PARTIAL}:
            assert (job.state == JobState.PARTIAL) == bool(failed), said
        # Of a job that ended for good with its store away: those are told as not known.
        unknown = [one for one in failed if one.code == NOT_KNOWN]
        assert not unknown or job.state in {JobState.FAILED, JobState.CANCELLED}, said
        if job.kind == "destroy":
            self._close_destroy(model, job, done, failed, unknown)
        else:
            self._close_keeping(job, done, {one.key for one in unknown})

    def _close_destroy(
        self, model: Model, job: Job, done: list[JobItem], failed: list[JobItem], unknown: list[JobItem]
    ) -> None:
        gone = {(one.key, one.version_id) for one in done}
        unsaid = self.vanished.keys() - gone - {(one.key, one.version_id) for one in unknown}
        assert not unsaid, f"{job} {job.state} does not tell of {unsaid}"
        assert not any(model.holds(one) for one in gone), f"{job} says that what is there is gone"
        assert job.done_bytes == sum(len(model.ever[one].body) for one in gone), str(job)
        for one in failed:
            if one in unknown:
                continue
            named = (one.key, one.version_id)
            assert named not in self.vanished, f"{job} says {one.code} of {named}, and it is gone"

    def _close_keeping(self, job: Job, done: list[JobItem], unknown: set[str]) -> None:
        made = {(one.key, one.made.rpartition(":")[2]) for one in done}
        unsaid = {named for named in self.appeared.keys() - made if named[0] not in unknown}
        if self.may_repeat:
            told = {key for key, _version in made & self.appeared.keys()}
            unsaid = {(key, version) for key, version in unsaid if key not in told}
        assert not unsaid, f"{job} {job.state} does not tell that it made {unsaid}"
        keys = {one.key for one in done}
        changed = {key for key, _version in self.appeared.keys() | self.vanished.keys()}
        assert changed <= keys | unknown, f"{job} {job.state} does not tell of {changed - keys}"
        unchanged = keys - changed - self.touched_by_others
        assert not unchanged, f"{job} says that it did something to {unchanged}"


def _may(job: Job, model: Model, key: str, change: Change, *, named: set[str], is_live: bool) -> None:
    before = model.of(key)
    said = f"{job} on {key}: {change}, before: {before}"
    if job.kind == "destroy":
        assert not change.appeared, said
        assert not named & {one.version_id for one in change.vanished}, f"a photo lost its original: {said}"
        which = job.parameters["which"]
        if which == "old":
            assert not any(one.is_marker for one in change.vanished), said
            assert before[0] not in change.vanished, said
        if which == "lone-markers":
            assert len(before) == 1, said
            assert before[0].is_marker, said
        return
    # Whatever else a job does, no version goes: markers do, where it shows again what they hid.
    assert all(one.is_marker for one in change.vanished), said
    if change.vanished:
        assert job.kind in {"roll-back", "undo"}, said
    for one in change.appeared:
        if one.is_marker:
            assert job.kind in {"hide", "roll-back", "undo"}, said
            assert not (is_live and job.kind != "undo"), f"a live photo is hidden: {said}"
            assert before, said
            assert not before[0].is_marker, f"a second marker: {said}"
        else:
            assert job.kind in {"edit-metadata", "roll-back", "undo"}, said
            assert any(one.body == older.body and not older.is_marker for older in before), said
