"""Trigram search for names, e-mail and phone numbers, in whichever form the database has it."""

from django.db import migrations

from pets import search_index


def install(apps, schema_editor):
    search_index.install(schema_editor.connection)


def remove(apps, schema_editor):
    search_index.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("pets", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
