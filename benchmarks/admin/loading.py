"""Fills an empty database with the benchmark's rows, by each database's fast way in."""

import time
from itertools import islice

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction

from benchmarks.admin.rows import Rows, Table
from pets import search_index
from pets.models import Owner, Pet
from photos import unpictured
from photos.models import Photo
from portal.models import User

BATCH = 50_000
SQLITE_WHILE_LOADING = (
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -1000000",  # kibibytes: the indexes stay in memory while they grow
)


def load(*, photos: int, pets: int) -> None:
    """Make tables and rows, unless they are there from an earlier run with `--keep`."""
    call_command("migrate", verbosity=0)
    if Photo.objects.exists():
        _say(f"{connection.vendor}: rows are there already")
        return
    user = User.objects.create(username="root", is_staff=True, is_superuser=True)
    with connection.cursor() as cursor:
        for statement in SQLITE_WHILE_LOADING if connection.vendor == "sqlite" else ():
            cursor.execute(statement)
    with transaction.atomic():
        # Built at the end, from all rows at once.
        search_index.remove(connection)
        unpictured.remove(connection)
        for table in Rows(photos=photos, pets=pets, user_id=user.pk).tables():
            _timed(table.model.__name__, fill, table)
    with transaction.atomic():
        _timed("search index", search_index.install, connection)
        _timed("pets without a photo", unpictured.install, connection)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [Owner, Pet]):
                cursor.execute(statement)
    with connection.cursor() as cursor:
        # Also marks pages as visible to all, as autovacuum does on a server that has run for a while.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    connection.close()  # and the pragmas with it


def fill(table: Table) -> None:
    """Write a table's rows by COPY or in large batches."""
    meta = table.model._meta
    names = ", ".join(connection.ops.quote_name(column) for column in table.columns)
    into = f"{connection.ops.quote_name(meta.db_table)} ({names})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in table.rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(table.columns))
        while batch := list(islice(table.rows, BATCH)):
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", batch)


def _timed(name, work, *args) -> None:
    begin = time.monotonic()
    work(*args)
    _say(f"{connection.vendor}: {name} in {time.monotonic() - begin:.0f} s")


def _say(text: str) -> None:
    print(text, flush=True)
