"""The commands of jobs: plan, confirmation, exit codes; over the same services as the pages."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.s3.errors import S3Error
from storage_admin.jobs import kinds
from storage_admin.jobs.kinds.deleting import Destroy
from storage_admin.management import commands
from storage_admin.models import Bucket, Job, JobState
from tests.storage_admin.jobs.conftest import Put, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

# Commits are real here, and there is no broker: the command works the job off by itself.


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage_admin.tasks.run_job.delay", lambda _job_id: None)


@pytest.fixture
def filled(yard: Bucket, put_in: Put) -> Bucket:
    for name in ("in/a.jpg", "in/b.jpg", "out/c.jpg"):
        put_in(name)
    return yard


def test_every_kind_has_its_command() -> None:
    found = {path.stem for path in Path(commands.__path__[0]).glob("*.py")}

    kind_of = {
        name: import_module(f"{commands.__name__}.{name}").Command.kind
        for name in found - {"__init__"}
        if hasattr(import_module(f"{commands.__name__}.{name}").Command, "kind")
    }
    # What has no meaning without a page to press on: an undo is of a job, which stands there.
    assert sorted(kind_of.values()) == sorted(kind.slug for kind in kinds.EVERY if kind.slug != "undo")


def test_dry_run_tells_the_plan_and_changes_nothing(filled: Bucket, capsys: Any) -> None:
    call_command("destroy_versions", bucket=filled.name, prefix="in/", which="everything", dry_run=True)

    assert "would work on 2" in capsys.readouterr().out
    assert held(filled)["versions"] == 3
    assert Job.objects.get().state == JobState.CANCELLED


def test_destruction_wants_the_name_once_more(filled: Bucket) -> None:
    with pytest.raises(CommandError, match="--confirm") as refused:
        call_command("destroy_versions", bucket=filled.name, which="everything")

    assert refused.value.returncode == 2
    assert held(filled)["versions"] == 3


def test_command_works_the_job_off(filled: Bucket, capsys: Any) -> None:
    call_command(
        "destroy_versions", bucket=filled.name, prefix="in/", which="everything", confirm=filled.name
    )

    assert "2 done" in capsys.readouterr().out
    assert held(filled)["versions"] == 1
    assert Job.objects.get().trigger == Job.Trigger.COMMAND


def test_failures_are_the_exit_code(filled: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Destroy, *_args: Any) -> Any:
        raise S3Error("no", code="Weird")

    monkeypatch.setattr(Destroy, "act", refuse)

    with pytest.raises(CommandError, match="Weird") as failed:
        call_command("destroy_versions", bucket=filled.name, which="everything", confirm=filled.name)
    assert failed.value.returncode == 1


def test_unknown_bucket_and_bad_value_are_told(filled: Bucket) -> None:
    with pytest.raises(CommandError, match="no bucket"):
        call_command("empty_bucket", bucket="elsewhere")
    with pytest.raises(CommandError, match="--storage-class"):
        call_command("change_class", bucket=filled.name, storage_class="GOLD")


def test_several_values_of_one_option_are_taken(filled: Bucket, capsys: Any) -> None:
    before = "2020-01-01 00:00"

    for changes, would in (("deleted", 0), ("added changed", 3)):
        call_command(
            "roll_back", "--bucket", filled.name, "--moment", before, "--dry-run",
            "--changes", *changes.split(),
        )  # fmt: skip

        assert f"would work on {would} " in capsys.readouterr().out
