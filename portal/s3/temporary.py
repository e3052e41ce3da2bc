"""Links for people: how long a signature really lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.s3 import identity, links, session

MAX_SECONDS = 604_800  # seven days: no store takes a SigV4 signature after that, and boto3 does not check
_DOTS = {".", ".."}


@dataclass(frozen=True)
class TemporaryLink:
    """A signed address and its true end. `may_end_sooner`: signed by keys whose own end nobody told us."""

    url: str
    ends_at: datetime
    may_end_sooner: bool = False


def make(
    bucket: str,
    key: str,
    *,
    seconds: int,
    version_id: str = "",
    content_type: str = "",
    disposition: str = "",
    alias: str = session.DEFAULT,
) -> TemporaryLink:
    """Sign an address for at most `seconds`, seven days, and the remaining life of the signing session.

    A signature made by a role's keys dies with them, whatever it says of itself.
    """
    now = datetime.now(UTC)
    end = now + timedelta(seconds=min(seconds, MAX_SECONDS))
    keys = session.credentials(alias)  # refreshes what is due, so that the end below is the one in force
    keys_end = identity.end_of_keys(alias)
    if keys_end is not None:
        end = min(end, keys_end)
    url = links.read_url(
        bucket, key, seconds=max(1, int((end - now).total_seconds())), version_id=version_id,
        content_type=content_type, disposition=disposition, alias=alias,
    )  # fmt: skip
    return TemporaryLink(url, end, may_end_sooner=bool(keys.token) and keys_end is None)


def opens_in_browsers(key: str) -> bool:
    """Whether a browser can ask for the key by an address: they resolve `..` and `.` before they send."""
    return not _DOTS & set(key.split("/"))
