"""PRICES_FILE: written from Amazon's list by a command, believed before what the portal comes with."""

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from storage_admin import prices
from storage_admin.jobs import costs
from storage_admin.prices import BadPrices
from tests.factories import BucketFactory, JobFactory
from tests.storage_admin.prices.offers import DEEP, S3, offer

pytestmark = pytest.mark.django_db

FRANKFURT = {
    "/offers/v1.0/aws/AmazonS3/current/eu-central-1/index.json": offer(S3),
    "/offers/v1.0/aws/AmazonS3GlacierDeepArchive/current/eu-central-1/index.json": offer(DEEP),
}


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.PRICES_FILE = str(tmp_path / "own" / "prices.json")
    return Path(settings.PRICES_FILE)


@pytest.fixture
def amazon() -> Iterator[str]:
    """A server with the files of one region; it answers 403 to all else, as the real one does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = FRANKFURT.get(self.path)
            self.send_response(200 if said else 403)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode() if said else b"<Error/>")

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def update(amazon: str, *args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("update_prices", "--address", amazon, *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_prices_are_those_of_the_bucket_s_region(file: Path, amazon: str) -> None:
    job = JobFactory(bucket=BucketFactory(region="eu-central-1"), plan={"dollars": {"requests": "1"}})
    assert "list for us-east-1" in " ".join(costs.lines(job))
    assert "Those of eu-central-1 are not known here" in " ".join(costs.lines(job))

    out, err = update(amazon, "--region", "eu-central-1")

    assert (out, err) == ("eu-central-1: 7 classes as of 2026-03-04\n", "")
    assert prices.of("eu-central-1").month("STANDARD", prices.GB_BYTES) == Decimal("0.0245")
    assert "list for eu-central-1 as of March 4, 2026" in " ".join(costs.lines(job))
    assert "not known" not in " ".join(costs.lines(job))
    assert prices.of("us-west-2").month("STANDARD", prices.GB_BYTES) == Decimal("0.023")


def test_regions_that_the_file_has_stay(file: Path, amazon: str) -> None:
    file.parent.mkdir()
    shipped = json.loads(prices.SHIPPED.read_text())
    file.write_text(
        json.dumps(
            shipped | {"regions": {"us-east-1": shipped["regions"]["us-east-1"] | {"as_of": "2026-01-01"}}}
        )
    )

    update(amazon, "--region", "eu-central-1")

    assert json.loads(file.read_text())["regions"].keys() == {"us-east-1", "eu-central-1"}
    assert str(prices.of("us-east-1").as_of) == "2026-01-01"
    assert [one.name for one in file.parent.iterdir()] == ["prices.json"]


def test_region_that_amazon_does_not_have_fails_and_the_others_are_kept(file: Path, amazon: str) -> None:
    err = StringIO()
    regions = ("--region", "xx-north-1", "--region", "eu-central-1")
    with pytest.raises(CommandError, match="Not read: xx-north-1"):
        call_command("update_prices", "--address", amazon, *regions, stdout=StringIO(), stderr=err)

    assert "has no list of S3 in xx-north-1" in err.getvalue()
    assert json.loads(file.read_text())["regions"].keys() == {"eu-central-1"}


def test_regions_of_the_buckets_are_asked_for_by_itself(file: Path, amazon: str) -> None:
    BucketFactory(region="eu-central-1")

    with pytest.raises(CommandError, match="Not read: us-east-1"):
        update(amazon)

    assert json.loads(file.read_text())["regions"].keys() == {"eu-central-1"}


def test_nothing_is_written_where_nothing_was_read_or_no_file_is_named(
    file: Path, amazon: str, settings: Any
) -> None:
    with pytest.raises(CommandError):
        update(amazon, "--region", "xx-north-1")
    assert not file.exists()

    settings.PRICES_FILE = ""
    with pytest.raises(CommandError, match="PRICES_FILE"):
        update(amazon, "--region", "eu-central-1")


def table(**said: Any) -> str:
    one = {"as_of": "2026-01-01", "classes": {}, "restores": {}} | said
    return json.dumps({"regions": {"us-east-1": one}})


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"regions": {"us-east-1": {}}}',
        '{"regions": []}',
        table(),
        table(as_of="soon"),
        table(classes={"STANDARD": {"month": "NaN", "put": "1", "get": "1"}}),
        table(classes={"STANDARD": {"month": "-1", "put": "1", "get": "1"}}),
        table(classes={"STANDARD": {"month": "1", "put": "1", "get": "1", "more": "1"}}),
    ],
)
def test_broken_file_is_not_believed_nor_written_over(file: Path, amazon: str, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)

    with pytest.raises(BadPrices):
        prices.read(file)
    assert prices.of("us-east-1") == prices.read(prices.SHIPPED)["us-east-1"]
    with pytest.raises(CommandError, match="Move the file away"):
        update(amazon, "--region", "eu-central-1")
    assert file.read_text() == text


def test_shipped_table_has_every_class_and_tier_of_every_region() -> None:
    for there in prices.read(prices.SHIPPED).values():
        assert there.classes.keys() == prices.RULES.keys()
        assert len(there.restores) == 5
        assert there.batch(2_500_000) == Decimal("2.75")
