"""How counts, sizes and times are written on every page."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from portal.counts import CAP

# S3 bills what it calls a GB by 2^30 bytes; "GiB" says so without a footnote.
_BINARY_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
_UNIT_STEP = 1024
_JUST_NOW_SECONDS = 60


def count_text(count: int, cap: int = CAP) -> str:
    """Write a count with thousands separators; above `cap`: "over 10,000"."""
    if count > cap:
        return _("over %(cap)s") % {"cap": number_format(cap, force_grouping=True)}
    return number_format(count, force_grouping=True)


def whole(count: int) -> str:
    """Write a count that was counted to its end, however large, with thousands separators."""
    return number_format(count, force_grouping=True)


def size(number_of_bytes: int) -> str:
    """Write a number of bytes in the unit of the bill, e.g. "3.4 MiB"; bytes below 1 KiB as they are."""
    if abs(number_of_bytes) < _UNIT_STEP:
        return _("%(count)s B") % {"count": number_of_bytes}
    value = number_of_bytes / _UNIT_STEP
    units = iter(_BINARY_UNITS)
    unit = next(units)
    # 1023.95 would be rounded to "1024.0": the next unit reads better.
    while abs(value) >= _UNIT_STEP - 0.05 and unit != _BINARY_UNITS[-1]:
        value /= _UNIT_STEP
        unit = next(units)
    # number_format cuts digits off, it does not round.
    return f"{number_format(round(value, 1), 1, force_grouping=True)} {unit}"


def ago(moment: datetime | None, now: datetime | None = None) -> str | SafeString:
    """Write a time as a person would, "3 minutes ago" or "in 2 hours", with the exact one in `title`.

    `moment` is aware; the exact time is in the current time zone. None gives a dash.
    """
    if moment is None:
        return "-"
    now = now or timezone.now()
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}",
        _relative(moment, now),
    )


def _relative(moment: datetime, now: datetime) -> str:
    if abs((now - moment).total_seconds()) < _JUST_NOW_SECONDS:
        return _("just now")
    if moment < now:
        return _("%(duration)s ago") % {"duration": timesince(moment, now, depth=1)}
    return _("in %(duration)s") % {"duration": timeuntil(moment, now, depth=1)}
