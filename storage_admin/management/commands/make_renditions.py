"""`manage.py make_renditions`: makes the renditions that photos lack, or all of them anew."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Makes the renditions that photos lack, or all of them anew; photos stay ready meanwhile."
    kind = "make-renditions"
