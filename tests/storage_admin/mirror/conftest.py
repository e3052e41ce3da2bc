"""DynamoDB as MiniStack serves it, with tables of each test's own; photos stay where they are."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from portal.aws import clients, tables
from storage_admin.mirror import items, triggers
from storage_admin.models import MirrorItem
from tests.contract import stores


@pytest.fixture
def dynamodb(ministack: stores.Endpoint, settings: Any, db: None) -> Iterator[str]:
    """The address of a DynamoDB; the portal's settings name it and tables that are not made yet."""
    settings.SERVICES_ENDPOINT_URL = ministack.endpoint_url
    settings.DYNAMODB_MIRROR = True
    settings.DYNAMODB_TABLE_PREFIX = f"Test-{uuid4().hex[:8]}-"
    yield ministack.endpoint_url
    clients.forget()


@pytest.fixture
def mirror(dynamodb: str) -> str:
    """The same, with tables and triggers."""
    for which in MirrorItem.Table:
        tables.make(items.table(which))
    triggers.install(connection)
    return dynamodb
