"""Reads the settings of a bucket, many at once: a slow store must not add up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import capabilities, together
from portal.s3.errors import S3Error, Unsupported
from storage_admin.bucket_settings.setting import Place, Setting

PAGE_SECONDS = 9.5  # all that a page may wait for the store


@dataclass(frozen=True)
class Reading:
    """What became of reading one setting: a value, or why there is none."""

    setting: Setting[Any]
    value: Any = None
    error: S3Error | None = None
    lacking: str = ""  # why the store has no such setting
    began: float = 0.0  # by the monotonic clock

    @property
    def is_known(self) -> bool:
        return self.error is None and not self.lacking

    @property
    def summary(self) -> str:
        """The value in one line."""
        return self.setting.summary(self.value) if self.is_known else ""


def read(setting: Setting[Any], place: Place) -> Reading:
    """Read one setting; an error is part of the answer."""
    [found] = read_all([setting], place)
    return found


def read_all(settings: Sequence[Setting[Any]], place: Place) -> list[Reading]:
    """Read all at once, each answer in the order of the settings; what is late is an error like another."""
    began = time.monotonic()
    known = {setting.slug: lacking(setting, place.alias) for setting in settings}
    answers = together.ask_all(
        {
            setting.slug: partial(setting.read, place.bucket, place.alias)
            for setting in settings
            if not known[setting.slug]
        }
    )
    return [_reading(setting, known[setting.slug], answers.get(setting.slug), began) for setting in settings]


def also(found: Reading, **asks: Callable[[], Any]) -> dict[str, Any]:
    """Return the answers to what else the page of this reading needs, by their names, in the time left.

    S3Error, of the first that has none: half a judgement is none.
    """
    left = max(1.0, found.began + PAGE_SECONDS - time.monotonic())
    answers = together.ask_all(asks, seconds=left)
    for answer in answers.values():
        if isinstance(answer, S3Error):
            raise answer
    return answers


def lacking(setting: Setting[Any], alias: str) -> str:
    """Return why the connection's store is known to lack the setting; empty where nothing is known."""
    found = capabilities.known(capabilities.server(alias))
    return " ".join(dict.fromkeys(found[one] for one in setting.needs if one in found))


def _reading(setting: Setting[Any], reason: str, answer: Any, began: float) -> Reading:
    if reason:
        return Reading(setting, lacking=reason)
    if isinstance(answer, Unsupported):
        words = _("The store answers %(code)s: it has no such call.")
        return Reading(setting, lacking=words % {"code": answer.code or type(answer).__name__})
    if isinstance(answer, S3Error):
        return Reading(setting, error=answer)
    return Reading(setting, answer, began=began)
