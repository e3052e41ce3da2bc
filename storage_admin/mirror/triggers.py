"""Triggers that make an item due whenever a row it is made of changes, in the same transaction.

Services, imports, bulk updates and somebody's SQL are all noticed; no code can forget to. They are
there only while the mirror is on: `manage.py setup_dynamodb` installs them, and takes them away.
The upsert locks the item's row until its transaction ends, so that `changes` grows in the order of
the commits.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Table, the item it belongs to, and the columns that show in the item.
_WATCHED = (
    ("pets_pet", "pets", "id", "name, species, breed, birth_date, status, owner_id, trashed_at, created_at"),
    ("pets_weightrecord", "pets", "pet_id", "pet_id, kg, weighed_on"),
    ("photos_photo", "photos", "id", "pet_id, key, version_id, content_type, status, created_at"),
    ("photos_rendition", "photos", "photo_id", "photo_id, name, format, key, width, height, bytes"),
)
_NOTE = """INSERT INTO storage_admin_mirroritem ("table", item, since) VALUES ('{table}', {row}.{item}, {now})
    ON CONFLICT ("table", item) DO UPDATE SET
        changes = storage_admin_mirroritem.changes + 1, since = coalesce(
            CASE WHEN storage_admin_mirroritem.changes > storage_admin_mirroritem.sent
                THEN storage_admin_mirroritem.since END, excluded.since)"""
_SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


def _sqlite() -> Iterator[tuple[str, str]]:
    for source, table, item, columns in _WATCHED:
        for event, row in (("INSERT", "new"), (f"UPDATE OF {columns}", "new"), ("DELETE", "old")):
            note = _NOTE.format(table=table, row=row, item=item, now=_SQLITE_NOW)
            name = f"mirror_{source}_{event.split()[0].lower()}"
            yield name, f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON {source} BEGIN {note}; END"


def _postgresql() -> Iterator[tuple[str, str, str]]:
    for source, table, item, columns in _WATCHED:
        notes = {row: _NOTE.format(table=table, row=row, item=item, now="now()") for row in ("new", "old")}
        name = f"mirror_{source}"
        yield (
            name,
            source,
            f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' THEN {notes["old"]}; ELSE {notes["new"]}; END IF;
                RETURN NULL;
            END $$;
            CREATE OR REPLACE TRIGGER {name} AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {source}
                FOR EACH ROW EXECUTE FUNCTION {name}()""",
        )


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers, and make every row due that no item stands for yet. Safe to repeat."""
    if connection.vendor == "postgresql":
        statements = [statement for _name, _source, statement in _postgresql()]
    else:
        statements = [statement for _name, statement in _sqlite()]
    now = "now()" if connection.vendor == "postgresql" else _SQLITE_NOW
    statements += [
        f"""INSERT INTO storage_admin_mirroritem ("table", item, since)
            SELECT '{table}', id, {now} FROM {source} WHERE true ON CONFLICT DO NOTHING"""  # noqa: S608
        for source, table, item, _columns in _WATCHED
        if item == "id"  # constants of this module alone
    ]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: nothing is noticed any more. The items stay."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, source, _statement in _postgresql():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {source}; DROP FUNCTION IF EXISTS {name}()")
        else:
            for name, _statement in _sqlite():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def present(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of those that are there."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'mirror\\_%%' ESCAPE '\\'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'mirror%%'")
        return {name for (name,) in cursor.fetchall()}


def are_installed(connection: BaseDatabaseWrapper) -> bool:
    """Whether every change is noticed."""
    named = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    return {name for name, *_rest in named} <= present(connection)


def set_aside(using: str, **_signal: Any) -> None:
    """Drop the triggers before a migration on SQLite (a `pre_migrate` handler); `put_back` ends it.

    SQLite changes a table by building it anew, and refuses while another table's trigger names it.
    """
    connection = connections[using]
    if connection.vendor == "sqlite" and (names := present(connection)):
        _set_aside[using] = names
        remove(connection)


def put_back(using: str, **_signal: Any) -> None:
    """Install again what `set_aside` dropped (a `post_migrate` handler)."""
    if _set_aside.pop(using, None):
        install(connections[using])


_set_aside: dict[str, set[str]] = {}
