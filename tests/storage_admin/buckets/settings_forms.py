"""How tests go through the pages of a setting: look, fill the form, review, apply."""

import html
import re
from typing import Any

from django.test import Client

from storage_admin import addresses, bucket_settings
from storage_admin.bucket_settings.setting import Setting
from storage_admin.models import Bucket


def setting_of(slug: str) -> Setting[Any]:
    """Return the setting, which must be there."""
    found = bucket_settings.find(slug)
    assert found is not None, slug
    return found


def hidden(text: str, name: str) -> str:
    """Return what a form on the page carries."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"no {name} on the page"
    return html.unescape(found[1])


def look(page: Client, bucket: Bucket, slug: str, part: str = "") -> Any:
    """Open the page of a setting, at one of its parts where it has such."""
    response = page.get(addresses.of_setting(bucket, slug, part=part))
    assert response.status_code == 200
    return response


def reviewed(
    page: Client, bucket: Bucket, slug: str, *, part: str = "", seen: str = "", **fields: Any
) -> Any:
    """Fill the form as the page shows it now, or as it was `seen`; return the review."""
    carried = seen or hidden(look(page, bucket, slug, part).text, "seen")
    return page.post(addresses.of_setting(bucket, slug, "review", part=part), {"seen": carried, **fields})


def confirmed(page: Client, bucket: Bucket, slug: str, review: Any, *, name: str = "") -> Any:
    """Confirm what was reviewed; return the page that comes then."""
    carried = {"reviewed": hidden(review.text, "reviewed"), "name": name}
    return page.post(addresses.of_setting(bucket, slug, "apply"), carried, follow=True)


def applied(page: Client, bucket: Bucket, slug: str, *, name: str = "", **fields: Any) -> Any:
    """Fill, review, confirm."""
    return confirmed(page, bucket, slug, reviewed(page, bucket, slug, **fields), name=name)
