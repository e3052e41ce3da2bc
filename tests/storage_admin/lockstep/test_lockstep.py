"""A bucket is used, jobs run over it and die at any call: the real store and a model of S3 in lock step.

After each step the bucket is read whole and compared with the model. What must hold:

* nothing that was said to be kept is lost: every version that the model holds is there, in its place, with
  its bytes; versions go only by what destroys, and only those that it may;
* a photo's row names a version that exists, with the photo's bytes; a purged photo's original is gone, in
  every version, and nothing else;
* a job's counts and outcomes are what the bucket shows that it did, however often its worker died; a count
  of the bucket counts what the model holds.

The suite runs the same examples each time, so that a red run is news of the change at hand and not of
chance. To search further, in new places each time, for some minutes, with every fate at every call:

    LOCKSTEP_EXAMPLES=100 nice python -m pytest tests/storage_admin/lockstep

No keys here are such that SeaweedFS's pages of versions lose one (`a` beside `a.b`, see
`listing.key_versions`): with pages of three that would be in every example.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.conf import settings as configured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from photos import keys, sweeps, upload
from photos import services as photos
from photos.choices import PhotoStatus
from photos.errors import NotPossible as PhotoNotPossible
from photos.errors import UploadRefused
from photos.models import Photo
from portal.models import User
from portal.s3 import buckets, delete_markers, objects, session
from portal.s3.buckets import Birth
from portal.s3.errors import S3Error
from storage_admin import purge
from storage_admin.buckets import usage
from storage_admin.errors import NotPossible
from storage_admin.jobs import claims, kind, one_by_one, planning, running
from storage_admin.jobs import services as jobs
from storage_admin.jobs.kinds.deleting import Destroy
from storage_admin.models import ENDED, Bucket, Job, JobState, UsageSnapshot
from tests.factories import BucketFactory, PhotoFactory
from tests.storage_admin.lockstep.fates import Crash, Fate, How, fated
from tests.storage_admin.lockstep.ledger import Account
from tests.storage_admin.lockstep.model import Change, Entries, Entry, Model

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

DEEP_EXAMPLES = int(os.environ.get("LOCKSTEP_EXAMPLES", "0"))
EXAMPLES = 12
STEPS = 24
PAGE = 3  # targets of a batch, entries of a page: a few keys make several
WHICH = ("old", "everything", "lone-markers")
UNDONE = ("hide", "roll-back")
LONG_AGO = timedelta(days=365)

# What the next worker makes good, without a person.
HEALED = {How.CRASH_BEFORE, How.CRASH_AFTER, How.LOST}

NAMES = ("in/a.jpg", "in/b.jpg", "in/b.jpg~", "in/ü +%.jpg", "out/a.jpg")
PREFIXES = ("", "in/", "in/b.jpg", "photos/")
BODIES = (b"1", b"22", b"")

a_fate = st.one_of(st.none(), st.none(), st.builds(Fate, at=st.integers(1, 12), how=st.sampled_from(How)))
a_number = st.integers(0, 7)
a_body = st.sampled_from(BODIES)


@pytest.fixture
def yard(photo_bucket: str, settings: Any, db: None) -> Bucket:
    """The bucket of the photos, for this test alone."""
    name = f"lockstep-{uuid4().hex[:12]}"
    buckets.create(name, Birth())
    settings.AWS_STORAGE_BUCKET_NAME = name
    settings.STORAGES = dict(settings.STORAGES)  # Django forgets the storage of the former bucket
    row: Bucket = BucketFactory(name=name)
    return row


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, so that the n-th call is the same one each time; small pages; no waiting."""
    monkeypatch.setattr(one_by_one, "THREADS", 1)
    monkeypatch.setattr(one_by_one, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(one_by_one, "LATER_SECONDS", (0,))
    monkeypatch.setattr(objects, "DELETE_PAUSE_SECONDS", 0)
    monkeypatch.setattr(Destroy, "batch_size", PAGE)
    monkeypatch.setattr(kind.Kind, "batch_size", PAGE)
    for module in (planning, usage):
        monkeypatch.setattr(module, "PAGE", PAGE)


class Lockstep(RuleBasedStateMachine):
    """People use a bucket; jobs run over it; each step may end early."""

    yard: ClassVar[Bucket]
    ada: ClassVar[User]
    rooms: ClassVar[Iterator[int]]

    def __init__(self) -> None:
        super().__init__()
        self.room = f"{next(self.rooms)}/"
        self.model = Model()
        self.accounts: dict[int, Account] = {}
        self.ended: dict[int, tuple[JobState, int, int]] = {}
        self.bodies: dict[str, bytes] = {}
        self.numbers = itertools.count(1)
        self.moment: datetime | None = None
        self.then: dict[str, bytes | None] = {}
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()

    # --- The bucket, as it is -----------------------------------------------------------

    def observe(self) -> dict[str, Entries]:
        """Read the whole bucket through the portal."""
        found: dict[str, list[Entry]] = {}
        for one in objects.versions(self.yard.name, ""):
            if one.is_delete_marker:
                entry = Entry(one.version_id, is_marker=True)
            else:
                body = self.bodies[one.etag]
                assert one.bytes == len(body)
                entry = Entry(one.version_id, body)
            assert one.is_latest == (one.key not in found)
            found.setdefault(one.key, []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    def sent(self, body: bytes) -> bytes:
        """Take note of bytes that are on their way: their ETag tells them in a listing."""
        self.bodies[Entry("", body).etag] = body
        return body

    def step(
        self, act: Callable[[], Any], fate: Fate | None, *, job: int = 0
    ) -> tuple[bool, dict[str, Change]]:
        """Act, and return whether that came to its end, and what it did to the bucket."""
        is_whole = True
        try:
            with fated(fate) as self.fated:
                act()
        except Crash:
            is_whole = False
        except (S3Error, UploadRefused):
            assert fate is not None
            is_whole = False
        return is_whole, self.compare(job=job)

    def compare(self, *, job: int = 0) -> dict[str, Change]:
        observed = self.observe()
        changes = self.model.changes(observed)
        if job:
            self.accounts[job].book(self.model, changes)
        for pk, account in self.accounts.items():
            if pk != job:
                account.touched_by_others |= changes.keys()
        for key in changes:
            self.read(key, observed.get(key, ()))
        self.model.take_over(observed)
        return changes

    def read(self, key: str, entries: Entries) -> None:
        """Read every version of the key."""
        for one in entries:
            if not one.is_marker:
                assert objects.read(self.yard.name, key, version_id=one.version_id) == one.body

    @initialize(bodies=st.lists(a_body, min_size=len(NAMES), max_size=2 * len(NAMES)))
    def fill(self, bodies: list[bytes]) -> None:
        for number, body in enumerate(bodies):
            key = self.room + NAMES[number % len(NAMES)]
            objects.put(self.yard.name, key, self.sent(body), content_type="image/jpeg", overwrite=True)
        self.compare()

    # --- What people do -----------------------------------------------------------------

    def key(self, number: int) -> str:
        """Return one of the keys: of this example's room, or of a photo."""
        every = [self.room + name for name in NAMES]
        every += Photo.objects.order_by("pk").values_list("key", flat=True)
        return every[number % len(every)]

    @rule(number=a_number, body=a_body, fate=a_fate)
    def upload(self, number: int, body: bytes, fate: Fate | None) -> None:
        key = self.key(number)
        self.sent(body)

        whole, changes = self.step(
            lambda: objects.put(self.yard.name, key, body, content_type="image/jpeg", overwrite=True), fate
        )

        times = len(changes[key].appeared) if key in changes else 0
        assert changes.keys() <= {key}
        assert times <= 2 if fate and fate.how is How.LOST else times <= 1
        assert times or not whole
        for change in changes.values():
            assert not change.vanished
            assert all(one.body == body and not one.is_marker for one in change.appeared)

    @rule(number=a_number, fate=a_fate)
    def hide(self, number: int, fate: Fate | None) -> None:
        key = self.key(number)
        if self.model.shown(key) is None:
            return

        whole, changes = self.step(lambda: delete_markers.hide(self.yard.name, key), fate)

        assert changes.keys() <= {key}
        assert changes or not whole
        for change in changes.values():
            assert not change.vanished
            assert all(one.is_marker for one in change.appeared)

    @rule(number=a_number, fate=a_fate)
    def undelete(self, number: int, fate: Fate | None) -> None:
        key = self.key(number)
        before = self.model.of(key)
        on_top = tuple(itertools.takewhile(lambda one: one.is_marker, before))
        if not on_top or len(on_top) == len(before):
            return

        whole, changes = self.step(lambda: delete_markers.undelete(self.yard.name, key), fate)

        assert changes.keys() <= {key}
        for change in changes.values():
            assert not change.appeared
            assert change.vanished == on_top[: len(change.vanished)]
        assert not whole or changes[key].vanished == on_top

    @rule(number=a_number, which=a_number, fate=a_fate)
    def destroy_one(self, number: int, which: int, fate: Fate | None) -> None:
        key = self.key(number)
        named = set(Photo.objects.filter(key=key).values_list("version_id", flat=True))
        free = [one for one in self.model.of(key) if one.version_id not in named]
        if not free:
            return
        chosen = free[which % len(free)]
        said: list[Any] = []

        whole, changes = self.step(
            lambda: said.extend(objects.delete_versions(self.yard.name, [(key, chosen.version_id)])), fate
        )

        assert changes.keys() <= {key}
        assert all(change == Change(vanished=(chosen,)) for change in changes.values())
        assert changes or not whole
        assert not whole or [one.code for one in said] == [""]

    # --- Photos ---------------------------------------------------------------------------

    @precondition(lambda self: Photo.objects.count() < 3)
    @rule(fate=a_fate)
    def upload_photo(self, fate: Fate | None) -> None:
        number = next(self.numbers)
        body = self.sent(b"\xff\xd8\xff\xe0 photo %d of %s" % (number, self.room.encode()))
        photo = PhotoFactory(
            id=UUID(int=number), pet=None, pending=True, bucket=self.yard.name, bytes=len(body), sha256="",
            key=keys.original_key(UUID(int=number), "jpg", None),
        )  # fmt: skip

        def receive() -> None:
            default_storage.save(photo.key, upload.PhotoFile(ContentFile(body), photo))
            upload.complete(actor=None, photo_id=photo.pk)

        whole, changes = self.step(receive, fate)

        photo.refresh_from_db()
        assert changes.keys() <= {photo.key}
        assert photo.status == PhotoStatus.STORED or not whole

    @precondition(lambda _self: Photo.objects.filter(status=PhotoStatus.PENDING).exists())
    @rule()
    def sweep_uploads(self) -> None:
        """Look for the uploads that a crash left pending, as beat does."""
        Photo.objects.filter(status=PhotoStatus.PENDING).update(
            status_changed_at=timezone.now() - timedelta(seconds=configured.UPLOAD_URL_SECONDS + 120),
            queued_at=None,
        )
        _whole, changes = self.step(sweeps.look_for_uploads, None)
        assert not changes

    def photo(self, number: int, *statuses: PhotoStatus) -> Photo | None:
        found = list(Photo.objects.filter(status__in=statuses).order_by("pk"))
        return found[number % len(found)] if found else None

    @precondition(lambda _self: Photo.objects.filter(status=PhotoStatus.STORED).exists())
    @rule(number=a_number)
    def trash(self, number: int) -> None:
        photo = self.photo(number, PhotoStatus.STORED)
        if photo is not None:
            photos.trash(actor=None, photo=photo)

    @precondition(lambda _self: Photo.objects.trashed().exists())
    @rule(number=a_number)
    def restore(self, number: int) -> None:
        photo = self.photo(number, PhotoStatus.TRASHED)
        if photo is None:
            return
        try:
            photos.restore(actor=None, photo=photo)
        except PhotoNotPossible:
            assert photo.purge_started_at is not None

    @precondition(lambda _self: Photo.objects.trashed().exists())
    @rule(number=a_number, fate=a_fate)
    def purge(self, number: int, fate: Fate | None) -> None:
        """Let a photo's days in the trash be over."""
        photo = self.photo(number, PhotoStatus.TRASHED)
        if photo is None:
            return
        Photo.objects.filter(pk=photo.pk).update(status_changed_at=timezone.now() - LONG_AGO)
        due = Photo.objects.trashed().filter(status_changed_at__lt=timezone.now() - timedelta(days=300))
        due_keys = set(due.values_list("key", flat=True))

        whole, changes = self.step(purge.purge_expired_trash, fate)

        left = set(Photo.objects.values_list("key", flat=True))
        assert changes.keys() <= due_keys
        assert all(not change.appeared for change in changes.values())
        assert not any(self.model.of(key) for key in due_keys - left)
        assert not whole or fate is not None or due_keys.isdisjoint(left)

    # --- Jobs -----------------------------------------------------------------------------

    def draft(self, slug: str, prefix: str, fate: Fate | None, **options: Any) -> None:
        prefix = prefix if prefix in {"", "photos/"} else self.room + prefix
        job = jobs.draft(actor=self.ada, kind=slug, bucket=self.yard, prefix=prefix, **options)
        self.plan(job, fate)

    def plan(self, job: Job, fate: Fate | None) -> None:
        account = self.accounts[job.pk] = Account(job.pk)
        if job.kind == "undo":
            # Done is what is as the job wants it: somebody may have taken it back before.
            account.touched_by_others |= self.accounts[job.retry_of_id or 0].touched_by_others
        self.work(job, fate)
        if job.state == JobState.DRAFT:
            self.work(job, None)
        if job.state == JobState.PLANNED:
            try:
                jobs.start(actor=self.ada, job=job, typed=self.yard.name)
            except NotPossible:  # another of the kind is at work there
                jobs.cancel(actor=self.ada, job=job)

    @rule(prefix=st.sampled_from(PREFIXES), fate=a_fate)
    def hide_many(self, prefix: str, fate: Fate | None) -> None:
        self.draft("hide", prefix, fate)

    @rule(
        prefix=st.sampled_from(PREFIXES),
        fate=a_fate,
        which=st.sampled_from(["old", "everything", "lone-markers"]),
    )
    def destroy_many(self, prefix: str, fate: Fate | None, which: str) -> None:
        self.draft("destroy", prefix, fate, parameters={"which": which, "days": 0, "keep": 0})

    @rule(prefix=st.sampled_from(PREFIXES), fate=a_fate, word=st.sampled_from("xy"))
    def edit_many(self, prefix: str, fate: Fate | None, word: str) -> None:
        self.draft("edit-metadata", prefix, fate, parameters={"add": f"word={word}"})

    @precondition(lambda self: self.moment is None and bool(self.model.entries))
    @rule()
    def remember(self) -> None:
        """Let a second pass: times in listings have whole ones."""
        now = time.time()
        time.sleep(int(now) + 1 - now)
        self.moment = datetime.fromtimestamp(int(now) + 1, UTC) - timedelta(milliseconds=1)
        self.then = {key: self.model.shown(key) for key in self.model.entries}

    @precondition(lambda self: self.moment is not None)
    @rule(prefix=st.sampled_from(PREFIXES), fate=a_fate)
    def roll_back(self, prefix: str, fate: Fate | None) -> None:
        assert self.moment is not None
        every = ["added", "changed", "deleted"]
        self.draft("roll-back", prefix, fate, parameters={"moment": self.moment, "changes": every})

    @precondition(lambda _self: Job.objects.filter(state__in=ENDED, done__gt=0, kind__in=UNDONE).exists())
    @rule(number=a_number, fate=a_fate)
    def undo(self, number: int, fate: Fate | None) -> None:
        ended = Job.objects.filter(state__in=ENDED, done__gt=0, kind__in=UNDONE).order_by("pk")
        self.plan(jobs.undo(actor=self.ada, job=ended[number % len(ended)]), fate)

    @precondition(
        lambda _self: Job.objects.filter(state__in=ENDED, failed__gt=0).exclude(kind="undo").exists()
    )
    @rule(number=a_number, fate=a_fate)
    def retry(self, number: int, fate: Fate | None) -> None:
        ended = Job.objects.filter(state__in=ENDED, failed__gt=0).exclude(kind="undo").order_by("pk")
        first = ended[number % len(ended)]
        again = jobs.retry(actor=self.ada, job=first)
        self.plan(again, None)
        again.refresh_from_db()
        assert sum(said["count"] for said in again.plan["skips"].values()) + again.total == first.failed

    @precondition(lambda _self: Job.objects.exclude(state__in=ENDED).exists())
    @rule(number=a_number)
    def cancel(self, number: int) -> None:
        self.change(number, jobs.cancel, *jobs.WORKING, JobState.PAUSED)

    @precondition(lambda _self: Job.objects.filter(state__in=claims.WORKED_ON).exists())
    @rule(number=a_number)
    def pause(self, number: int) -> None:
        self.change(number, jobs.pause, JobState.QUEUED, JobState.RUNNING)

    @precondition(lambda _self: Job.objects.filter(state=JobState.PAUSED).exists())
    @rule(number=a_number)
    def resume(self, number: int) -> None:
        self.change(number, jobs.resume, JobState.PAUSED)

    def change(self, number: int, service: Callable[..., None], *states: JobState) -> None:
        found = Job.objects.filter(state__in=states).order_by("pk")
        if found:
            with suppress(NotPossible):  # resumed while another of the kind is at work there
                service(actor=self.ada, job=found[number % len(found)])

    @precondition(lambda _self: Job.objects.filter(state__in=claims.WORKED_ON).exists())
    @rule(number=a_number, fate=a_fate)
    def work_on(self, number: int, fate: Fate | None) -> None:
        open_ = Job.objects.filter(state__in=claims.WORKED_ON).order_by("pk")
        self.work(open_[number % len(open_)], fate)

    def work(self, job: Job, fate: Fate | None) -> None:
        """Let a worker, whose predecessor may have died, work until it is done or dies."""
        Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - LONG_AGO)
        assert job.pk in claims.forgotten()  # the sweep finds it
        self.accounts[job.pk].may_repeat |= fate is not None and fate.how is How.LOST

        def slices() -> None:
            while running.work(job.pk):
                pass

        self.step(slices, fate, job=job.pk)
        job.refresh_from_db()
        if job.has_ended:
            self.accounts[job.pk].close(self.model)
            self.ended[job.pk] = (JobState(job.state), job.done, job.failed)
            self.look_at_time_machine(job)

    def look_at_time_machine(self, job: Job) -> None:
        """After a whole roll-back every key shows what it showed then, if nobody else was at it."""
        if job.kind != "roll-back" or job.state != JobState.DONE or job.skipped or job.retry_of_id:
            return
        account = self.accounts[job.pk]
        destroyed = {key for key, version in self.model.ever if not self.model.holds((key, version))}
        for key in self.model.entries:
            if key.startswith(job.prefix) and key not in destroyed | account.touched_by_others:
                assert self.model.shown(key) == self.then.get(key), key

    # --- Counts ---------------------------------------------------------------------------

    @rule(fate=a_fate)
    def count(self, fate: Fate | None) -> None:
        """Count the bucket; a count whose worker died goes on with the next one."""
        UsageSnapshot.objects.all().delete()
        piece = usage.begin(self.yard)
        assert piece is not None
        _whole, changes = self.step(lambda: usage.run(piece), fate)
        UsageSnapshot.objects.update(beat_at=timezone.now() - LONG_AGO)
        for left in usage.due():
            usage.run(left)
        [snapshot] = UsageSnapshot.objects.all()
        assert not changes
        if snapshot.error:
            assert fate is not None
            return
        held = [(one, place) for found in self.model.entries.values() for place, one in enumerate(found)]
        current = [one for one, place in held if not one.is_marker and place == 0]
        older = [one for one, place in held if not one.is_marker and place > 0]
        counted = snapshot.counts.get(
            "STANDARD", dict.fromkeys(["objects", "older", "bytes", "older_bytes"], 0)
        )
        assert snapshot.markers == sum(one.is_marker for one, _place in held)
        assert (counted["objects"], counted["older"]) == (len(current), len(older))
        assert counted["bytes"] == sum(len(one.body) for one in current)
        assert counted["older_bytes"] == sum(len(one.body) for one in older)

    # --- What always holds ------------------------------------------------------------------

    @invariant()
    def rows_name_what_is_there(self) -> None:
        for photo in Photo.objects.exclude(status=PhotoStatus.PENDING).filter(purge_started_at=None):
            named = [one for one in self.model.of(photo.key) if one.version_id == photo.version_id]
            assert named, f"{photo.key} is {photo.status}, and has no version {photo.version_id}"
            assert named[0].etag == photo.etag
            assert len(named[0].body) == photo.bytes

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            self.rolled_back.__exit__(Crash, Crash(), None)
            for one in list(objects.versions(self.yard.name, "")):
                session.client().delete_object(Bucket=self.yard.name, Key=one.key, VersionId=one.version_id)

    def finish(self) -> None:
        """Let all workers come to the end of all jobs."""
        for job in Job.objects.filter(state__in=claims.WORKED_ON).order_by("pk"):
            self.work(job, None)
            assert job.has_ended or job.state in {JobState.PAUSED, JobState.PLANNED}
        for key, entries in self.model.entries.items():
            self.read(key, entries)
        self.rows_name_what_is_there()


@pytest.fixture
def machine(yard: Bucket, ada: User, quick: None) -> type[Lockstep]:
    Lockstep.yard, Lockstep.ada, Lockstep.rooms = yard, ada, itertools.count(1)
    return Lockstep


def test_store_and_model_stay_in_step(machine: type[Lockstep]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=DEEP_EXAMPLES or EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not DEEP_EXAMPLES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("how", How if DEEP_EXAMPLES else [How.CRASH_AFTER])
@pytest.mark.parametrize("slug", ["hide", "destroy", "edit-metadata", "roll-back", "undo"])
def test_job_is_told_as_it_was_at_whichever_call_it_is_hit(
    machine: type[Lockstep], slug: str, how: How
) -> None:
    """Not by chance: at each call of a small job. It ends as it does when all goes well, or says why not."""
    for at in itertools.count(1):
        one = machine()
        try:
            job = begun(one, slug)
            one.work(job, Fate(at, how))
            was_hit = one.fated.calls >= at
            if job.state == JobState.PAUSED:
                jobs.resume(actor=one.ada, job=job)
        finally:
            one.teardown()
        if not was_hit:
            return
        assert how not in HEALED or one.ended[job.pk] == (JobState.DONE, job.total, 0)


def begun(one: Lockstep, slug: str) -> Job:
    """Start a job of the kind over two objects and a photo's original."""
    one.fill([b"1", b"22"])
    one.upload_photo(None)
    options: dict[str, Any] = {}
    if slug == "roll-back":
        one.remember()
        one.upload(0, b"22", None)
        one.hide(1, None)
        options = {"moment": one.moment, "changes": ["changed", "deleted"]}
    elif slug == "edit-metadata":
        options = {"add": "word=x"}
    elif slug == "destroy":
        one.upload(0, b"22", None)
        one.upload(2, b"1", None)
        options = {"which": "everything", "days": 0, "keep": 0}
    one.draft("hide" if slug == "undo" else slug, "", None, parameters=options)
    job = Job.objects.latest("pk")
    if slug == "undo":
        one.work(job, None)
        one.undo(0, None)
    return Job.objects.latest("pk")
