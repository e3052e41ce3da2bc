"""`manage.py edit_metadata`: sets headers and metadata of objects."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Sets headers and metadata of objects by a copy of each onto itself; all the rest stays."
    kind = "edit-metadata"
