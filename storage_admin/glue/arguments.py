"""What may be handed to a job as arguments. They are kept in rows, logs and Glue's console: no secret is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from storage_admin.errors import NotPossible

# The argument by which a run is known for ours.
MARKER = "--portal-run"
MOST = 50
MOST_CHARACTERS = 2_048
# Glue's own, not to be set (Glue: "AWS Glue job parameters"); and ours.
_RESERVED = {"--conf", "--debug", "--mode", "--job_name", "--job_run_id", MARKER}
_NAME = re.compile(r"--[A-Za-z0-9][A-Za-z0-9_.-]{0,126}")
_SECRET = re.compile(r"passw|secret|token|key|credential|pwd", re.IGNORECASE)
# Its value is where a secret lies, and not the secret.
_WHERE = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+")


def parsed(text: str) -> dict[str, str]:
    """Return the arguments of a form: one in each line, “name=value”, with or without “--”. NotPossible."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, is_given, value = line.strip().partition("=")
        name = name.strip()
        if not is_given:
            raise NotPossible(_("“%(line)s” is no “name=value”.") % {"line": line.strip()[:80]})
        name = name if name.startswith("--") else f"--{name}"
        if name in found:
            raise NotPossible(_("%(name)s is given twice.") % {"name": name[:80]})
        found[name] = value.strip()
    return checked(found)


def checked(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments if each may be handed over; NotPossible, with the name and why, if not."""
    if len(arguments) > MOST:
        raise NotPossible(_("These are more than %(count)s arguments.") % {"count": MOST})
    for name, value in arguments.items():
        if not _NAME.fullmatch(name):
            raise NotPossible(
                _("“%(name)s” is no name of an argument: letters, digits, - _ .") % {"name": name[:80]}
            )
        if name.lower() in _RESERVED:
            raise NotPossible(_("%(name)s is set by Glue or by the portal itself.") % {"name": name})
        if _SECRET.search(name) and not _WHERE.fullmatch(value):
            words = _(
                "%(name)s looks like a secret. Arguments are kept and shown: use a Glue connection, or "
                "hand over the ARN of a secret in Secrets Manager."
            )
            raise NotPossible(words % {"name": name})
        if len(value) > MOST_CHARACTERS or not value.isprintable():
            words = _("The value of %(name)s is too long (%(count)s), or holds characters that nobody sees.")
            raise NotPossible(words % {"name": name, "count": MOST_CHARACTERS})
    return dict(arguments)
