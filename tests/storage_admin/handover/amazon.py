"""A small stand-in for S3 Batch Operations: s3control's wire, over objects in a real store.

It knows what these tests need: jobs by their token, the states on the way, a list that is read with
its ETag, tags and copies, and a report of all tasks. Each time a job is asked about it goes on by a
state, so that tests see every one of them. What it says has the documented shapes; whether Amazon
says the same was tried by nobody.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError

from portal.s3 import session

NAMESPACE = "{http://awss3control.amazonaws.com/doc/2018-08-20/}"
SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
_GOES_ON = {"New": "Preparing", "Preparing": "Suspended", "Ready": "Active", "Active": "Complete"}


@dataclass
class Made:
    """One job at Amazon."""

    job_id: str
    asked: ET.Element
    status: str = "New"
    total: int = 0
    done: int = 0
    failed: int = 0
    reason: str = ""
    priority: int = 0

    def text(self, path: str) -> str:
        return self.asked.findtext("/".join(NAMESPACE + one for one in path.split("/"))) or ""


@dataclass
class Amazon:
    """What its account holds. The switches say how it behaves where nothing is documented, or fails."""

    address: str = ""
    jobs: dict[str, Made] = field(default_factory=dict)  # by their token
    report_keys_encoded: bool = True
    reports_at_once: bool = True
    loses_answer: bool = False  # of the next CreateJob: the job is made, and nobody hears of it
    gives_up: bool = False  # in place of Complete
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def only(self) -> Made:
        (made,) = self.jobs.values()
        return made

    def create(self, body: bytes) -> Made:
        asked = ET.fromstring(body)
        made = Made(f"aws-{next(self._numbers)}", asked)
        made.priority = int(made.text("Priority"))
        return self.jobs.setdefault(made.text("ClientRequestToken"), made)

    def named(self, job_id: str) -> Made | None:
        return next((made for made in self.jobs.values() if made.job_id == job_id), None)

    def go_on(self, made: Made) -> None:
        """Bring the job into the next state, with what belongs to it."""
        made.status = _GOES_ON.get(made.status, made.status)
        if made.status == "Cancelling":
            made.status = "Cancelled"
        if made.status == "Suspended":
            made.total = len(self.listed(made))
        if made.status == "Complete":
            made.status = "Failed" if self.gives_up else "Complete"
            made.reason = "Job failure rate is above 50%" if self.gives_up else ""
            rows = [self.work(made, row) for row in self.listed(made)]
            made.done = sum(row[3] == "succeeded" for row in rows)
            made.failed = len(rows) - made.done
            if self.reports_at_once:
                self.report(made, rows)

    def listed(self, made: Made) -> list[list[str]]:
        bucket, _slash, key = (
            made.text("Manifest/Location/ObjectArn").removeprefix("arn:aws:s3:::").partition("/")
        )
        found = session.client().get_object(
            Bucket=bucket, Key=key, IfMatch=f'"{made.text("Manifest/Location/ETag")}"'
        )
        return list(csv.reader(io.StringIO(found["Body"].read().decode())))

    def work(self, made: Made, row: list[str]) -> list[str]:
        bucket, key = row[0], unquote(row[1])
        version = {"VersionId": row[2]} if len(row) > 2 else {}
        spelled = row[1] if self.report_keys_encoded else key
        try:
            _act(made, bucket, key, version)
        except ClientError as error:
            said, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            return [bucket, spelled, row[2] if version else "", "failed", said["Code"], str(status), "no"]
        return [bucket, spelled, row[2] if version else "", "succeeded", "", "200", "Successful"]

    def report(self, made: Made, rows: list[list[str]]) -> None:
        """Write two files, as Amazon does, and the list of them."""
        bucket = made.text("Report/Bucket").removeprefix("arn:aws:s3:::")
        place = f"{made.text('Report/Prefix')}/job-{made.job_id}"
        results = []
        for outcome in ("succeeded", "failed"):
            written = io.StringIO()
            csv.writer(written, lineterminator="\n").writerows(row for row in rows if row[3] == outcome)
            key = f"{place}/results/{outcome}.csv"
            session.client().put_object(Bucket=bucket, Key=key, Body=written.getvalue().encode())
            results.append({"TaskExecutionStatus": outcome, "Bucket": bucket, "MD5Checksum": "", "Key": key})
        said = {"Format": "Report_CSV_20180820", "Results": results, "ReportSchema": SCHEMA}
        session.client().put_object(Bucket=bucket, Key=f"{place}/report.json", Body=json.dumps(said).encode())


def _act(made: Made, bucket: str, key: str, version: dict[str, Any]) -> None:
    client: Any = session.client()
    operation = made.asked.find(f"{NAMESPACE}Operation")
    assert operation is not None
    name = operation[0].tag.removeprefix(NAMESPACE)
    if name == "S3PutObjectTagging":
        tags = [
            {"Key": one.findtext(f"{NAMESPACE}Key"), "Value": one.findtext(f"{NAMESPACE}Value")}
            for one in operation[0][0]
        ]
        client.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tags}, **version)
    elif name == "S3DeleteObjectTagging":
        client.delete_object_tagging(Bucket=bucket, Key=key, **version)
    elif name == "S3PutObjectCopy":
        target = made.text("Operation/S3PutObjectCopy/TargetResource").removeprefix("arn:aws:s3:::")
        client.copy_object(Bucket=target, Key=key, CopySource={"Bucket": bucket, "Key": key, **version})
    else:
        raise NotImplementedError(name)


@contextmanager
def running() -> Iterator[Amazon]:
    """A stand-in on a free port."""
    amazon = Amazon()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(*_posted(amazon, urlsplit(self.path), body))

        def do_GET(self) -> None:
            self._answer(*_got(amazon, urlsplit(self.path).path))

        def _answer(self, status: int, said: str) -> None:
            sent = f'<?xml version="1.0"?>{said}'.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    amazon.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield amazon
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _posted(amazon: Amazon, url: Any, body: bytes) -> tuple[int, str]:
    *_start, last = url.path.split("/")
    if last == "jobs":
        made = amazon.create(body)
        if amazon.loses_answer:
            amazon.loses_answer = False
            return _error(400, "RequestTimeout")
        return 200, f"<CreateJobResult><JobId>{made.job_id}</JobId></CreateJobResult>"
    found = amazon.named(url.path.split("/")[-2])
    if found is None:
        return _error(404, "NoSuchJob")
    query = parse_qs(url.query)
    if last == "priority":
        found.priority = int(query["priority"][0])
        return 200, "<UpdateJobPriorityResult/>"
    wanted = query["requestedJobStatus"][0]
    if wanted == "Ready" and found.status != "Suspended":
        return _error(400, "JobStatusException")
    found.status = "Ready" if wanted == "Ready" else "Cancelling"
    return 200, "<UpdateJobStatusResult/>"


def _got(amazon: Amazon, path: str) -> tuple[int, str]:
    if path.endswith("/jobs"):
        listed = "".join(f"<member>{_described(one)}</member>" for one in amazon.jobs.values())
        return 200, f"<ListJobsResult><Jobs>{listed}</Jobs></ListJobsResult>"
    found = amazon.named(path.rsplit("/", 1)[-1])
    if found is None:
        return _error(404, "NoSuchJob")
    amazon.go_on(found)
    return 200, f"<DescribeJobResult><Job>{_described(found)}</Job></DescribeJobResult>"


def _described(made: Made) -> str:
    failure = f"<FailureCode>x</FailureCode><FailureReason>{escape(made.reason)}</FailureReason>"
    return (
        f"<JobId>{made.job_id}</JobId><Status>{made.status}</Status><Priority>{made.priority}</Priority>"
        f"<Description>{escape(made.text('Description'))}</Description>"
        f"<ProgressSummary><TotalNumberOfTasks>{made.total}</TotalNumberOfTasks>"
        f"<NumberOfTasksSucceeded>{made.done}</NumberOfTasksSucceeded>"
        f"<NumberOfTasksFailed>{made.failed}</NumberOfTasksFailed></ProgressSummary>"
        + (f"<FailureReasons><member>{failure}</member></FailureReasons>" if made.reason else "")
    )


def _error(status: int, code: str) -> tuple[int, str]:
    return status, f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


def listed_key(key: str) -> str:
    """Return the key as a list of Amazon's has it."""
    return quote(key, safe="/")
