"""System checks find settings that do not fit together, and are quiet when they do."""

from types import SimpleNamespace

import pytest

from portal import checks


def ids(found) -> list[str]:
    return [message.id for message in found]


def test_default_settings_pass() -> None:
    assert checks.check_photo_limits() == []
    assert checks.check_storage_addresses() == []
    assert checks.check_database_fits() == []


@pytest.mark.parametrize(
    ("name", "value", "check_id"),
    [
        ("MAX_PHOTO_PIXELS", 500_000_000, "portal.E001"),
        ("CLAIM_STALE_SECONDS", 60, "portal.E002"),
        ("UPLOAD_URL_SECONDS", 90_000, "portal.E003"),
    ],
)
def test_photo_limits_that_contradict_each_other_are_errors(
    settings, name: str, value: int, check_id: str
) -> None:
    setattr(settings, name, value)

    found = checks.check_photo_limits()

    assert ids(found) == [check_id]
    assert found[0].hint


@pytest.mark.parametrize("address", ["s3.example.org", "ftp://s3.example.org", "https://"])
def test_storage_address_without_scheme_or_host_is_an_error(settings, address: str) -> None:
    settings.S3_BROWSER_ENDPOINT_URL = address

    assert ids(checks.check_storage_addresses()) == ["portal.E004"]


def test_missing_region_is_a_warning(settings) -> None:
    settings.AWS_REGION = ""
    settings.AWS_ENDPOINT_URL_S3 = ""

    assert ids(checks.check_region()) == ["portal.W001"]


def test_endpoint_needs_no_region(settings) -> None:
    settings.AWS_REGION = ""
    settings.AWS_ENDPOINT_URL_S3 = "http://127.0.0.1:8333"

    assert checks.check_region() == []


@pytest.mark.parametrize(("vendor", "expected"), [("sqlite", ["portal.W002"]), ("postgresql", [])])
def test_only_sqlite_served_to_a_network_is_a_warning(
    settings, monkeypatch: pytest.MonkeyPatch, vendor: str, expected: list[str]
) -> None:
    monkeypatch.setattr(checks, "connection", SimpleNamespace(vendor=vendor))
    settings.ALLOWED_HOSTS = ["pets.example.org"]

    assert ids(checks.check_database_fits()) == expected


@pytest.mark.parametrize("prefix", ["incoming", "photos/new/", "renditions/", "/incoming/", "photos/"])
def test_upload_prefix_of_others_is_no_folder_of_the_portals_own(settings, prefix: str) -> None:
    settings.ARRIVALS_PREFIX = prefix

    assert ids(checks.check_arrivals()) == ["portal.E005"]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(["scans", "default/scans"], []), (["nobody/scans"], ["portal.E006"]), (["default/"], ["portal.E006"])],
)
def test_sources_of_arrivals_are_buckets_of_known_connections(
    settings, sources: list[str], expected: list[str]
) -> None:
    settings.ARRIVALS_SOURCES = sources

    assert ids(checks.check_arrivals()) == expected
