"""`manage.py hide_objects`: deletes objects behind markers."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Puts a delete marker on each object; all versions stay."
    kind = "hide"
