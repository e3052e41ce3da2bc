"""Whose keys a connection has, where they come from, and until when they live. Never the keys themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError
from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import S3Error, StorageUnavailable, Unsupported, translated
from portal.s3.role import KeysOfRole


@dataclass(frozen=True)
class Identity:
    """What STS says of the keys: the account, and the user or the role's session as an ARN."""

    account: str
    arn: str


@dataclass(frozen=True)
class Source:
    """Where boto3 found the keys: its own word for it, empty where it found none, and until when they live.

    `ends_at` None: lasting keys, or temporary ones of which nobody told the end (`is_temporary`).
    """

    method: str
    ends_at: datetime | None = None
    is_temporary: bool = False
    are_renewed: bool = False


def place(method: str) -> str:
    """Return the place of the keys in words, by boto3's own for it (METHOD, in botocore.credentials)."""
    words = {
        "": _("no keys were found"),
        "env": _("variables of the environment"),
        "shared-credentials-file": _("the shared credentials file"),
        "config-file": _("the configuration file"),
        "custom-process": _("a program that the profile names (credential_process)"),
        "sso": _("a log-in by IAM Identity Center"),
        "login": _("a log-in by “aws login”"),
        "assume-role": _("a role that the profile names"),
        "assume-role-with-web-identity": _("a web identity token (of a Kubernetes service account)"),
        "container-role": _("the role of the container"),
        "iam-role": _("the role of the instance"),
        KeysOfRole.METHOD: _("the role of the settings"),
    }
    return words.get(method, method)


def of(alias: str = session.DEFAULT) -> Identity:
    """Ask STS whose keys these are. Unsupported where a store of another kind has no STS.

    That is, whatever such a store answers that is no identity: few have STS, and each says so otherwise,
    SeaweedFS by an answer without a body.
    """
    try:
        with translated("GetCallerIdentity"):
            said = session.sts(alias).get_caller_identity()
    except StorageUnavailable:
        raise
    except S3Error as error:
        if session.connection(alias).is_at_amazon:
            raise
        raise _without_sts(error.code) from error
    except ResponseParserError as error:  # not one of botocore's own kind
        raise _without_sts(type(error).__name__) from error
    return Identity(str(said.get("Account", "")), str(said.get("Arn", "")))


def _without_sts(code: str) -> Unsupported:
    words = _("This store does not tell whose keys these are: it has no STS.")
    return Unsupported(words, operation="GetCallerIdentity", code=code)


def source(alias: str = session.DEFAULT) -> Source:
    """Return where the keys come from, having renewed what is due. S3Error where they cannot be had."""
    with translated("GetCredentials"):
        found = session.session(alias).get_credentials()
        if found is None:
            return Source("")
        keys = found.get_frozen_credentials()  # a role's are fetched now
    ends_at = _end(found)
    return Source(
        method=str(found.method or ""),
        ends_at=ends_at,
        is_temporary=bool(keys.token) or ends_at is not None,
        are_renewed=ends_at is not None,
    )


def same_keys(before: object, alias: str = session.DEFAULT) -> bool:
    """Whether the keys are those of `mark` before; also True for keys that botocore renews by itself.

    Of those, a new session always has others: that says nothing about the old ones.
    """
    now = mark(alias)
    return now is None or now == before


def mark(alias: str = session.DEFAULT) -> object:
    """Return what tells these keys from others, to compare with `same_keys` and for nothing else.

    None for keys that botocore renews, or that cannot be had.
    """
    try:
        found = session.session(alias).get_credentials()
        if found is None or isinstance(found, RefreshableCredentials):
            return None
        keys = found.get_frozen_credentials()
    except (S3Error, BotoCoreError):
        return None
    return hash((keys.access_key, keys.secret_key, keys.token))


def end_of_keys(alias: str = session.DEFAULT) -> datetime | None:
    """Return when the session's keys end; None for lasting keys, and for temporary ones set by hand."""
    return _end(session.session(alias).get_credentials())


def _end(found: object) -> datetime | None:
    # botocore keeps it in a private field of the kinds that refresh themselves; no public one tells it.
    end: datetime | None = getattr(found, "_expiry_time", None)
    return end
