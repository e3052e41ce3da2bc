"""`manage.py repair_findings`: repairs what reconciliation found, all of a kind."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Repairs findings of reconciliation, each after row and store were asked again; deletes nothing."
    kind = "repair"
