"""What a page of the browser shows: entries of the store, and what the rows know of them.

One call to the store a page, and at most three queries, however many keys are listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from pets.models import Pet
from photos import display, keys
from photos.models import Photo
from portal import spelling
from portal.s3 import attributes, listing, together
from portal.s3.attributes import Attributes
from portal.s3.errors import ObjectNotFound, S3Error
from portal.s3.inexact_keys import UNSPELLED
from portal.s3.listing import SEPARATOR, Mark, VersionsPage
from storage_admin import addresses
from storage_admin.addresses import Mode
from storage_admin.models import Bucket

PAGE_SIZE = 100
# Deleted keys are few among many: look at as many entries as one call can bring.
SCAN_SIZE = 1_000


@dataclass(frozen=True)
class Crumb:
    """One folder on the way to the prefix; `name` is empty for a segment without one (`a//b`)."""

    name: SafeString | str
    url: str


@dataclass(frozen=True)
class Row:
    """One line of the browser. `entry` is None for a folder."""

    name: SafeString
    url: str
    entry: Any = None
    is_folder: bool = False
    tile: SafeString | str = ""
    about: str = ""
    about_url: str = ""
    undelete_url: str = ""
    encryption: str = ""
    has_no_name: bool = False

    @property
    def plain_name(self) -> str:
        """The object's key in words, for those who cannot see the row."""
        return spelling.plain(self.entry.key)


@dataclass
class Listing:
    """One page of a bucket, in one of its modes."""

    rows: list[Row] = field(default_factory=list)
    next_url: str = ""
    scanned: int = 0
    misspelled: int = 0  # keys that the store's list may have written otherwise than they are

    @property
    def count(self) -> int:
        """How many lines the page has."""
        return len(self.rows)


@dataclass(frozen=True)
class Known:
    """What rows say of keys: photos by the key of the original or a rendition, pets by folder."""

    photos: dict[str, Photo] = field(default_factory=dict)
    pets: dict[str, Pet] = field(default_factory=dict)

    def describe(self, key: str, *, with_tile: bool) -> dict[str, Any]:
        """Return the fields of a `Row` that tell what this is."""
        photo, pet = self.photos.get(key), self.pets.get(key)
        if photo is not None:
            return {
                "tile": display.tile(photo) if with_tile else "",
                "about": str(photo.pet or photo),
                "about_url": reverse("admin:photos_photo_change", args=[photo.pk]),
            }
        if pet is not None:
            return {"about": str(pet), "about_url": reverse("admin:pets_pet_change", args=[pet.pk])}
        return {}


def current(bucket: Bucket, prefix: str, token: str, user: Any, *, show: str = "") -> Listing:
    """Return a page of the folders and objects directly below the prefix; `show` goes on to the next."""
    page = listing.objects_page(
        bucket.name, prefix=prefix, token=token, size=PAGE_SIZE, alias=bucket.connection
    )
    known = _known(bucket, [found.key for found in page.objects], page.folders, user)
    rows = _folder_rows(bucket, prefix, page.folders, known, Mode.CURRENT)
    rows += [
        Row(
            name=_name(found.key, prefix),
            url=addresses.of_object(bucket, found.key),
            entry=found,
            has_no_name=found.key == prefix,
            **known.describe(found.key, with_tile=True),
        )
        for found in page.objects
    ]
    following = addresses.folder(bucket, prefix, token=page.next_token, show=show) if page.next_token else ""
    return Listing(rows, following, len(rows))


def versions(bucket: Bucket, prefix: str, mark: Mark | None, user: Any) -> Listing:
    """Return a page of all versions and markers directly below the prefix, newest first for each key."""
    page = listing.versions_page(
        bucket.name, prefix=prefix, mark=mark, size=PAGE_SIZE, alias=bucket.connection
    )
    known = _known(bucket, [found.key for found in page.versions], page.folders, user)
    rows = _folder_rows(bucket, prefix, page.folders, known, Mode.VERSIONS)
    rows += [
        Row(
            name=_name(found.key, prefix),
            url=addresses.of_object(bucket, found.key, found.version_id),
            entry=found,
            has_no_name=found.key == prefix,
            # The tile shows what the photo is now: beside an older version it would mislead.
            **known.describe(found.key, with_tile=found.is_latest and not found.is_delete_marker),
        )
        for found in page.versions
    ]
    onward = _onward(bucket, prefix, Mode.VERSIONS, page.next_mark)
    return Listing(rows, onward, page.scanned, _misspelled(page))


def deleted(bucket: Bucket, prefix: str, mark: Mark | None, user: Any) -> Listing:
    """Return which keys below the prefix, at any depth, are hidden, among the entries of one call.

    S3 cannot list these alone: a page may be empty although more follow, and says how much it saw.
    """
    page = listing.versions_page(
        bucket.name, prefix=prefix, mark=mark, size=SCAN_SIZE, folders=False, alias=bucket.connection
    )
    hidden = [found for found in page.versions if found.is_delete_marker and found.is_latest]
    known = _known(bucket, [found.key for found in hidden], [], user)
    rows = [
        Row(
            name=_name(found.key, prefix),
            url=addresses.of_object(bucket, found.key),
            entry=found,
            has_no_name=found.key == prefix,
            # Under a name that may be another's, the service would find nothing to bring back.
            undelete_url=""
            if not page.keys_are_exact and UNSPELLED in found.key
            else addresses.of_bucket(bucket, "undelete", key=found.key, version=found.version_id),
            **known.describe(found.key, with_tile=True),
        )
        for found in hidden
    ]
    onward = _onward(bucket, prefix, Mode.DELETED, page.next_mark)
    return Listing(rows, onward, page.scanned, _misspelled(page))


def with_encryption(bucket: Bucket, listed: Listing) -> Listing:
    """Ask for each object's encryption, many at once: no list of S3 tells it. One HEAD for each key."""
    asks = {
        row.entry.key: partial(attributes.read, bucket.name, row.entry.key, alias=bucket.connection)
        for row in listed.rows
        if row.entry is not None
    }
    told = together.ask_all(asks)
    rows = [
        replace(row, encryption=_encryption(told[row.entry.key])) if row.entry else row for row in listed.rows
    ]
    return replace(listed, rows=rows)


def _encryption(told: Attributes | S3Error) -> str:
    if isinstance(told, ObjectNotFound):
        return gettext("gone meanwhile")
    if isinstance(told, S3Error):
        return gettext("unknown (%(code)s)") % {"code": told.code}
    return " ".join(filter(None, [told.encryption, told.kms_key])) or gettext("the store does not say")


def _misspelled(page: VersionsPage) -> int:
    if page.keys_are_exact:
        return 0
    return sum(UNSPELLED in one for one in {*page.folders, *(found.key for found in page.versions)})


def crumbs(bucket: Bucket, prefix: str, mode: str) -> list[Crumb]:
    """Return the folders on the way to the prefix, from the top; every separator ends one."""
    ends = [place + 1 for place, character in enumerate(prefix) if character == SEPARATOR]
    return [
        Crumb(
            spelling.html(prefix[start : end - 1]) if end - 1 > start else "",
            addresses.folder(bucket, prefix[:end], mode),
        )
        for start, end in zip([0, *ends], ends, strict=False)
    ]


def _folder_rows(bucket: Bucket, prefix: str, folders: Iterable[str], known: Known, mode: str) -> list[Row]:
    return [
        Row(
            name=_name(found, prefix),
            url=addresses.folder(bucket, found, mode),
            is_folder=True,
            has_no_name=found == prefix + SEPARATOR and (not prefix or prefix.endswith(SEPARATOR)),
            **known.describe(found, with_tile=False),
        )
        for found in folders
    ]


def _name(key: str, prefix: str) -> SafeString:
    """Return what stands in the list: the key below the folder that the prefix is in."""
    folder = prefix[: prefix.rfind(SEPARATOR) + 1]
    return spelling.html(key.removeprefix(folder) or SEPARATOR)


def _onward(bucket: Bucket, prefix: str, mode: str, mark: Mark | None) -> str:
    if mark is None:
        return ""
    return addresses.folder(bucket, prefix, mode, key_mark=mark.key, version_mark=mark.version_id)


def _known(bucket: Bucket, listed: Iterable[str], folders: Iterable[str], user: Any) -> Known:
    """Ask the rows about all keys of a page at once; only what this user may see."""
    if not bucket.holds_photos:
        return Known()
    names = {key for key in [*listed, *folders] if "\0" not in key}  # PostgreSQL takes no NUL
    photos: dict[str, Photo] = {}
    if user.has_perm("photos.view_photo"):
        of_renditions = {key: photo for key in names if (photo := keys.photo_of_rendition(key))}
        wanted = Q(bucket=bucket.name, key__in=names) | Q(pk__in=set(of_renditions.values()))
        found = list(display.with_tiles(Photo.objects.filter(wanted).select_related("pet").order_by()))
        by_id = {photo.pk: photo for photo in found}
        photos = {photo.key: photo for photo in found}
        photos |= {key: by_id[photo] for key, photo in of_renditions.items() if photo in by_id}
    return Known(photos, _pets(folders, user))


def _pets(folders: Iterable[str], user: Any) -> dict[str, Pet]:
    of_folders: dict[str, UUID] = {path: pet for path in folders if (pet := keys.pet_of_folder(path))}
    if not of_folders or not user.has_perm("pets.view_pet"):
        return {}
    pets = Pet.objects.in_bulk(set(of_folders.values()))
    return {path: pets[pet] for path, pet in of_folders.items() if pet in pets}
