"""`manage.py set_acl`: makes objects private, or sets their ACL."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Makes objects private, or sets a canned ACL."
    kind = "set-acl"
