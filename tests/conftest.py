"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# No test judges by the clock: a busy machine is no counterexample.
hypothesis_settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("house")

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
