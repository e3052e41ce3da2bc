"""`manage.py check_storage`, as a process: what it prints, and its exit code."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from portal.local import ports
from portal.s3 import buckets
from portal.s3.buckets import Birth
from tests.servers import Store

pytestmark = pytest.mark.servers

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command finds a migrated database."""
    made = tmp_path_factory.mktemp("portal")
    assert run(made, "migrate", "--verbosity=0").returncode == 0
    return made


def run(data_dir: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "PORTAL_DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def at(store: Store, secret_key: str = "") -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": store.endpoint_url,
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key or store.secret_key,
        "S3_SERVER": "seaweedfs",
        "S3_ADDRESSING_STYLE": "path",
    }


def test_photo_bucket_that_is_fit_gives_0(data_dir, seaweedfs, photo_bucket) -> None:
    done = run(data_dir, "check_storage", **at(seaweedfs), AWS_STORAGE_BUCKET_NAME=photo_bucket)

    assert done.returncode == 0, done.stderr
    assert f"default / {photo_bucket}" in done.stdout
    assert "Versioning: Every version is kept." in done.stdout
    assert "Permissions: No action is refused" in done.stdout


def test_bucket_that_fails_gives_1(data_dir, seaweedfs, photo_bucket) -> None:
    name = f"plain-{uuid4().hex[:10]}"
    buckets.create(name, Birth(versioned=False))

    done = run(data_dir, "check_storage", "--bucket", name, "--connection", "default", **at(seaweedfs))

    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert "Never switched on" in done.stdout


def test_wrong_keys_give_1_and_name_what_is_denied(data_dir, seaweedfs, photo_bucket) -> None:
    keys = at(seaweedfs, secret_key="wrong")

    done = run(data_dir, "check_storage", **keys, AWS_STORAGE_BUCKET_NAME=photo_bucket)

    assert done.returncode == 1
    assert "s3:PutObject" in done.stdout
    assert "wrong" not in done.stdout + done.stderr


def test_bucket_that_is_not_there_gives_1(data_dir, seaweedfs) -> None:
    done = run(data_dir, "check_storage", "--bucket", "no-such-bucket-at-all", **at(seaweedfs))

    assert done.returncode == 1
    assert "no such bucket" in done.stderr


def test_store_that_does_not_answer_gives_2(data_dir) -> None:
    closed = f"http://127.0.0.1:{ports.pick(['closed'])['closed']}"

    done = run(data_dir, "check_storage", AWS_ENDPOINT_URL_S3=closed)

    assert done.returncode == 2
    assert "does not answer" in done.stderr


def test_connection_that_is_not_there_is_told(data_dir) -> None:
    done = run(data_dir, "check_storage", "--connection", "moon")

    assert done.returncode == 1
    assert "There is no connection “moon”" in done.stderr
    assert run(data_dir, "check_storage", "--all").returncode == 0  # no bucket is known yet
