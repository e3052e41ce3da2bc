"""`manage.py move_objects`: moves objects to another prefix, bucket or store."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = (
        "Copies objects to another prefix, bucket (--to CONNECTION/BUCKET) or store, and hides the originals."
    )
    kind = "move"
