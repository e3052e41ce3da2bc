"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

pytest_plugins = ["tests.servers", "tests.store"]


@pytest.fixture(autouse=True, scope="session")
def plain_static_files() -> Iterator[None]:
    """Name static files as they are: the manifest needs `collectstatic`, which the browser tests run."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns without it
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages):
        yield
