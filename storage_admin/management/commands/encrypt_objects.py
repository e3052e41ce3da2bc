"""`manage.py encrypt_objects`: encrypts objects otherwise."""

from storage_admin.jobs.command import JobCommand


class Command(JobCommand):
    help = "Encrypts objects with other keys, by a copy of each onto itself; all the rest stays."
    kind = "encrypt"
