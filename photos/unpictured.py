"""Keeps the rows of `PetWithoutPhoto` right, however photos are written: by triggers.

Asked for at a million photos, "which pets have none?" is an anti-join of everything: half a second
of work for the list and for the Today page each. Migration 0002 installs this; on SQLite
`keep` looks after every `migrate`, because Django changes a table there by building it anew,
which drops its triggers. No trigger on one of the two tables names the other: SQLite would refuse
to rename the new table. A photo's row is deleted only when it is no longer live.
"""

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_OLD_HAS_NONE_LEFT = """old.pet_id IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM photos_photo WHERE pet_id = old.pet_id AND live)"""
_FILL = (
    "DELETE FROM photos_petwithoutphoto",
    """INSERT INTO photos_petwithoutphoto (pet_id) SELECT id FROM pets_pet
        WHERE NOT EXISTS (SELECT 1 FROM photos_photo WHERE pet_id = pets_pet.id AND live)""",
)

_SQLITE_TRIGGERS = {
    "photos_unpictured_pet_insert": """
        AFTER INSERT ON pets_pet BEGIN
            INSERT OR IGNORE INTO photos_petwithoutphoto (pet_id) VALUES (new.id);
        END""",
    "photos_unpictured_pet_delete": """
        AFTER DELETE ON pets_pet BEGIN
            DELETE FROM photos_petwithoutphoto WHERE pet_id = old.id;
        END""",
    "photos_unpictured_insert": """
        AFTER INSERT ON photos_photo BEGIN
            DELETE FROM photos_petwithoutphoto WHERE pet_id = new.pet_id AND new.live;
        END""",
    "photos_unpictured_update": f"""
        AFTER UPDATE OF pet_id, status ON photos_photo BEGIN
            DELETE FROM photos_petwithoutphoto WHERE pet_id = new.pet_id AND new.live;
            INSERT OR IGNORE INTO photos_petwithoutphoto (pet_id)
                SELECT old.pet_id WHERE {_OLD_HAS_NONE_LEFT};
        END""",  # noqa: S608 - constants of this module alone
}

# The lock makes two people who change photos of one pet wait for each other: without it each
# would decide by what the other has not committed yet.
_POSTGRESQL = f"""
    CREATE OR REPLACE FUNCTION photos_unpictured_photo() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM pets_pet WHERE id IN (old.pet_id, new.pet_id) ORDER BY id FOR NO KEY UPDATE;
        DELETE FROM photos_petwithoutphoto WHERE pet_id = new.pet_id AND new.live;
        INSERT INTO photos_petwithoutphoto (pet_id)
            SELECT old.pet_id WHERE {_OLD_HAS_NONE_LEFT}
            ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE FUNCTION photos_unpictured_pet() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO photos_petwithoutphoto (pet_id) VALUES (new.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER photos_unpictured_insert AFTER INSERT ON photos_photo FOR EACH ROW
        WHEN (new.live AND new.pet_id IS NOT NULL) EXECUTE FUNCTION photos_unpictured_photo();
    CREATE OR REPLACE TRIGGER photos_unpictured_update AFTER UPDATE OF pet_id, status ON photos_photo
        FOR EACH ROW WHEN (old.live <> new.live OR old.pet_id IS DISTINCT FROM new.pet_id)
        EXECUTE FUNCTION photos_unpictured_photo();
    CREATE OR REPLACE TRIGGER photos_unpictured_pet_insert AFTER INSERT ON pets_pet FOR EACH ROW
        EXECUTE FUNCTION photos_unpictured_pet();
    """  # noqa: S608 - constants of this module alone
_POSTGRESQL_REMOVE = """
    DROP TRIGGER IF EXISTS photos_unpictured_insert ON photos_photo;
    DROP TRIGGER IF EXISTS photos_unpictured_update ON photos_photo;
    DROP TRIGGER IF EXISTS photos_unpictured_pet_insert ON pets_pet;
    DROP FUNCTION IF EXISTS photos_unpictured_photo();
    DROP FUNCTION IF EXISTS photos_unpictured_pet();
    """


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers, and find out which pets have no photo now. Safe to repeat."""
    if connection.vendor == "postgresql":
        _execute(connection, _POSTGRESQL, *_FILL)
    elif connection.vendor == "sqlite":
        triggers = (f"CREATE TRIGGER IF NOT EXISTS {name} {what}" for name, what in _SQLITE_TRIGGERS.items())
        _execute(connection, *triggers, *_FILL)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers."""
    if connection.vendor == "postgresql":
        _execute(connection, _POSTGRESQL_REMOVE)
    elif connection.vendor == "sqlite":
        _execute(connection, *(f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_TRIGGERS))


def keep(using: str, **_signal: Any) -> None:
    """Install again if SQLite lost a table's triggers (a `post_migrate` handler).

    No trigger at all is the state before migration 0002.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        left = _SQLITE_TRIGGERS.keys() & {name for (name,) in cursor.fetchall()}
    if left and left < _SQLITE_TRIGGERS.keys():
        with transaction.atomic(using=using):
            install(connection)


def _execute(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
