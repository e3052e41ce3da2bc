"""`manage.py count_objects`: adds up what a bucket, a prefix or photos hold."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Adds up objects and bytes: current, older, markers, open uploads; changes nothing."
    kind = "count-objects"
