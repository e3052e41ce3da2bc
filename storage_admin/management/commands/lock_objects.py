"""`manage.py lock_objects`: puts retention or a legal hold on objects."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Keeps current versions of objects from being destroyed: until a moment, or by a legal hold."
    kind = "lock"
