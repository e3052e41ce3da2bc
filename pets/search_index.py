"""What makes "contains" fast: trigram indexes on PostgreSQL, FTS5 tables kept by triggers on SQLite.

Migration 0002 installs them. On SQLite Django changes a table by building it anew, which
silently drops its triggers; hence `keep` looks after every `migrate` and fills again.
"""

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_POSTGRESQL_INDEXES = {
    # The expressions are Django's own for icontains (UPPER) and contains, so that it uses them.
    "pet_name_trigrams": "pets_pet USING gin (UPPER(name) gin_trgm_ops)",
    "owner_name_trigrams": "pets_owner USING gin (UPPER(name) gin_trgm_ops)",
    "owner_email_trigrams": "pets_owner USING gin (UPPER(email) gin_trgm_ops)",
    "owner_phone_trigrams": "pets_owner USING gin (phone_digits gin_trgm_ops)",
}

# A pet's key is no number, and SQLite renumbers rows that have none: pets_petsearchrow gives each
# pet a number that lasts. An owner's key is one already.
_SQLITE_TABLES = (
    "CREATE TABLE IF NOT EXISTS pets_petsearchrow (id integer PRIMARY KEY, pet_id char(32) NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS pets_petsearch USING fts5 (name, tokenize = 'trigram')",
    """CREATE VIRTUAL TABLE IF NOT EXISTS pets_ownersearch
        USING fts5 (name, email, phone_digits, tokenize = 'trigram')""",
)

_SQLITE_TRIGGERS = {
    "pets_pet_search_insert": """
        AFTER INSERT ON pets_pet BEGIN
            INSERT INTO pets_petsearchrow (pet_id) VALUES (new.id);
            INSERT INTO pets_petsearch (rowid, name)
                SELECT id, new.name FROM pets_petsearchrow WHERE pet_id = new.id;
        END""",
    "pets_pet_search_update": """
        AFTER UPDATE OF name ON pets_pet WHEN old.name <> new.name BEGIN
            UPDATE pets_petsearch SET name = new.name
                WHERE rowid = (SELECT id FROM pets_petsearchrow WHERE pet_id = new.id);
        END""",
    "pets_pet_search_delete": """
        AFTER DELETE ON pets_pet BEGIN
            DELETE FROM pets_petsearch
                WHERE rowid = (SELECT id FROM pets_petsearchrow WHERE pet_id = old.id);
            DELETE FROM pets_petsearchrow WHERE pet_id = old.id;
        END""",
    "pets_owner_search_insert": """
        AFTER INSERT ON pets_owner BEGIN
            INSERT INTO pets_ownersearch (rowid, name, email, phone_digits)
                SELECT id, name, email, phone_digits FROM pets_owner WHERE id = new.id;
        END""",
    "pets_owner_search_update": """
        AFTER UPDATE OF name, email, phone ON pets_owner BEGIN
            UPDATE pets_ownersearch SET (name, email, phone_digits) =
                (SELECT name, email, phone_digits FROM pets_owner WHERE id = new.id)
                WHERE rowid = new.id;
        END""",
    "pets_owner_search_delete": """
        AFTER DELETE ON pets_owner BEGIN
            DELETE FROM pets_ownersearch WHERE rowid = old.id;
        END""",
}

_SQLITE_FILL = (
    "DELETE FROM pets_petsearch",
    "DELETE FROM pets_petsearchrow",
    "DELETE FROM pets_ownersearch",
    "INSERT INTO pets_petsearchrow (pet_id) SELECT id FROM pets_pet",
    """INSERT INTO pets_petsearch (rowid, name)
        SELECT r.id, p.name FROM pets_petsearchrow r JOIN pets_pet p ON p.id = r.pet_id""",
    """INSERT INTO pets_ownersearch (rowid, name, email, phone_digits)
        SELECT id, name, email, phone_digits FROM pets_owner""",
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Create what the connection's database offers for search, and fill it. Safe to repeat."""
    if connection.vendor == "postgresql":
        _execute(
            connection,
            # Trusted since PostgreSQL 13: the owner of the database may create it.
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            *(f"CREATE INDEX IF NOT EXISTS {name} ON {what}" for name, what in _POSTGRESQL_INDEXES.items()),
        )
    elif connection.vendor == "sqlite":
        _execute(
            connection,
            *_SQLITE_TABLES,
            *(f"CREATE TRIGGER IF NOT EXISTS {name} {what}" for name, what in _SQLITE_TRIGGERS.items()),
            *_SQLITE_FILL,
        )


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop what `install` made; the extension pg_trgm stays, another app may use it."""
    if connection.vendor == "postgresql":
        _execute(connection, *(f"DROP INDEX IF EXISTS {name}" for name in _POSTGRESQL_INDEXES))
    elif connection.vendor == "sqlite":
        _execute(
            connection,
            *(f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_TRIGGERS),
            "DROP TABLE IF EXISTS pets_petsearch",
            "DROP TABLE IF EXISTS pets_petsearchrow",
            "DROP TABLE IF EXISTS pets_ownersearch",
        )


def keep(using: str, **_signal: Any) -> None:
    """Install again if SQLite lost a trigger (a `post_migrate` handler); nothing before migration 0002."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name = 'pets_petsearch'")
        installed = cursor.fetchone() is not None
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        triggers = {name for (name,) in cursor.fetchall()}
    if installed and not _SQLITE_TRIGGERS.keys() <= triggers:
        with transaction.atomic(using=using):
            install(connection)


def _execute(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
