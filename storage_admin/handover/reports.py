"""Amazon's report of a Batch job: a list of CSV files, read as they come, into the outcomes of the job.

`report.json` names the files and their columns (UG:batch-ops-job-status). Whether keys in them are
URL-encoded is documented nowhere: the first reading looks for a key that tells (`manifest`), the
second takes the rows. A file is gone on with at the byte behind the last row that was committed, in
the same transaction as its outcome: whatever dies, each row is counted once.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice, zip_longest
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.s3 import objects, reading
from portal.s3.errors import ObjectNotFound
from storage_admin.errors import NotPossible
from storage_admin.jobs import kinds, outcomes
from storage_admin.jobs.claims import Claim
from storage_admin.jobs.kind import Done, Failed, Outcome
from storage_admin.jobs.targets import Target
from storage_admin.models import JobHandover

BATCH = 1_000
_CODE_LETTERS = 64
# The first is documented (API:JobReport); older pages of the guide show the second.
_NAMES = ("report.json", "manifest.json")
_COLUMNS = ("Bucket", "Key", "VersionId", "TaskStatus", "ErrorCode", "HTTPStatusCode", "ResultMessage")
_NEEDED = {"Key", "TaskStatus"}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/%")
_UNNAMED = "null"

Row = dict[str, str]


def find(claim: Claim, handover: JobHandover) -> bool:
    """Look for the report and write down which files it has; return whether it is there."""
    if "files" in handover.report:
        return True
    said = _described(handover)
    if said is None:
        return False
    columns = [one.strip() for one in said.get("ReportSchema", "").split(",") if one.strip()]
    if columns and not set(columns) >= _NEEDED:
        raise NotPossible(
            _("Amazon's report has other columns than the portal knows: %(names)s.")
            % {"names": ", ".join(columns)}
        )
    found = {
        "files": [one["Key"] for one in said.get("Results", [])],
        "columns": columns or list(_COLUMNS),
        "file": 0, "at": 0, "done": 0, "rows": 0,
    }  # fmt: skip
    _save(claim, handover, found)
    return True


def read(claim: Claim, handover: JobHandover, until: float) -> bool:
    """Take outcomes until the end or the given `time.monotonic()`; return whether all are taken."""
    if "encoded" not in handover.report and not _know_spelling(claim, handover, until):
        return False
    while handover.report["file"] < len(handover.report["files"]):
        with closing(_rows(handover, handover.report["file"], handover.report["at"])) as rows:
            while batch := list(islice(rows, BATCH)):
                _commit(claim, handover, [row for row, _place in batch], batch[-1][1])
                if time.monotonic() >= until:
                    return False
        # Some bytes may be left that are no row, as an empty line: on to the next file all the same.
        _save(claim, handover, handover.report | {"file": handover.report["file"] + 1, "at": 0})
    return True


def _described(handover: JobHandover) -> dict[str, Any] | None:
    for name in _NAMES:
        key = f"{settings.BATCH_PREFIX}/job-{handover.aws_job}/{name}"
        try:
            said: dict[str, Any] = json.loads(
                objects.read(settings.BATCH_BUCKET, key, alias=handover.job.bucket.connection)
            )
        except ObjectNotFound:
            continue
        return said
    return None


def _know_spelling(claim: Claim, handover: JobHandover, until: float) -> bool:
    """Find out whether keys are URL-encoded, a file at a time; return whether it is known now."""
    witness = handover.manifest.get("witness", "")
    if not witness:  # nothing of the list had to be encoded: both spellings are the same
        _save(claim, handover, handover.report | {"encoded": True})
        return True
    while (place := handover.report.get("looked", 0)) < len(handover.report["files"]):
        seen, is_plain = _spelling(_rows(handover, place, 0), witness)
        if seen is not None:
            _save(claim, handover, handover.report | {"encoded": seen})
            return True
        plain = handover.report.get("plain", False) or is_plain
        _save(claim, handover, handover.report | {"looked": place + 1, "plain": plain})
        if time.monotonic() >= until:
            return False
    # Of a job that was cancelled the key that tells may be missing: then as the list was written.
    _save(claim, handover, handover.report | {"encoded": not handover.report.get("plain", False)})
    return True


def _spelling(rows: Iterable[tuple[Row, int]], witness: str) -> tuple[bool | None, bool]:
    """Return whether keys are encoded, by what only one of both spellings can have; None: not known.

    And whether the key that tells was met as it is, which tells unless it is met encoded elsewhere.
    """
    is_plain = False
    for row, _place in rows:
        if row["Key"] == witness:
            return True, is_plain
        if not _UNRESERVED.issuperset(row["Key"]):
            return False, is_plain
        is_plain = is_plain or row["Key"] == unquote(witness)
    return None, is_plain


def _rows(handover: JobHandover, file: int, start: int) -> Generator[tuple[Row, int]]:
    """Yield the rows of a file from a byte on, each with the byte behind it."""
    key, columns = handover.report["files"][file], handover.report["columns"]
    alias = handover.job.bucket.connection
    if start >= objects.head(settings.BATCH_BUCKET, key, alias=alias).bytes:
        return
    body = reading.opened(settings.BATCH_BUCKET, key, if_etag="", start=start, alias=alias)
    lines = _Lines(body.pieces)
    with closing(body.pieces):  # whoever stops early has not read to the end
        for values in csv.reader(lines):
            if values:
                yield dict(zip_longest(columns, values[: len(columns)], fillvalue="")), start + lines.taken


class _Lines:
    """The lines of a body that comes in pieces; `taken` counts the bytes of those that were taken."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._lines = self._split(pieces)
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += len(line)
        return line.decode("utf-8", "replace")

    @staticmethod
    def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
        rest = b""
        for piece in pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
        if rest:
            yield rest


def _commit(claim: Claim, handover: JobHandover, rows: Sequence[Row], place: int) -> None:
    # By their targets: should a report name one twice, it is one all the same.
    came = list({one.target.digest: one for one in (_outcome(handover, row) for row in rows)}.values())
    done = sum(isinstance(one, Done) for one in came)
    told = handover.report
    with transaction.atomic():
        outcomes.keep(claim.job, kinds.of(claim.job), came)
        _save(
            claim,
            handover,
            told
            | {
                "at": place,
                "done": told["done"] + done,
                "rows": told["rows"] + len(came),
            },
        )


def _outcome(handover: JobHandover, row: Row) -> Outcome:
    key = unquote(row["Key"]) if handover.report["encoded"] else row["Key"]
    version = row.get("VersionId", "") if handover.manifest["with_versions"] else ""
    target = Target(key=key, version_id="" if version == _UNNAMED else version)
    if row["TaskStatus"].strip().lower() == "succeeded":
        return Done(target)
    code = row.get("ErrorCode", "").strip() or row.get("HTTPStatusCode", "").strip() or "Failed"
    return Failed(target, code[:_CODE_LETTERS], row.get("ResultMessage", ""))


def _save(claim: Claim, handover: JobHandover, report: dict[str, Any]) -> None:
    with transaction.atomic():
        claim.beat()
        handover.report = report
        handover.save(update_fields=["report"])
