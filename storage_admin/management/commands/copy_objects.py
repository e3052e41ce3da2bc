"""`manage.py copy_objects`: copies objects to another prefix, bucket or store."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Copies objects to another prefix, bucket (--to CONNECTION/BUCKET) or store."
    kind = "copy"
