"""`manage.py roll_back`: brings objects back to what they were at a moment."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Brings objects back to what they were at a moment; nothing is destroyed."
    kind = "roll-back"
