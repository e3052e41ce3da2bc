"""Triggers that keep the pets without a photo, in whichever form the database has them."""

from django.db import migrations

from photos import unpictured


def install(apps, schema_editor):
    unpictured.install(schema_editor.connection)


def remove(apps, schema_editor):
    unpictured.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("photos", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
