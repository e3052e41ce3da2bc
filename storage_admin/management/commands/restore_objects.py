"""`manage.py restore_objects`: asks for readable copies of archived objects."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Asks for readable copies of archived objects, for some days."
    kind = "restore"
