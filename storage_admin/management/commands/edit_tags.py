"""`manage.py edit_tags`: sets and takes away tags of objects."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Sets some tags of objects and takes others away; all other tags stay, without --replace."
    kind = "edit-tags"
