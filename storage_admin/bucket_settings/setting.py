"""What every setting of a bucket has: how it is read, written, kept, told in words, and judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.s3.differences import Capability

T = TypeVar("T")
Facts = dict[str, str]  # label -> text, both for people


class Level(StrEnum):
    """How much a person should care."""

    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True)
class Meaning:
    """One sentence on what a change will mean."""

    text: str
    level: Level = Level.INFO


@dataclass(frozen=True)
class Difference:
    """One fact that a change alters; empty where it did not exist, or will not."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before or '–'} → {self.after or '–'}"


@dataclass(frozen=True)
class Place:
    """The bucket that a setting belongs to, as the seam calls it."""

    bucket: str
    alias: str
    holds_photos: bool = False  # the portal's own bucket, with the only copy of every photo


@dataclass(frozen=True)
class Part:
    """One of several things in a value that are edited one at a time, such as a rule; `name` is unique."""

    name: str
    label: str
    about: str = ""


class SettingForm(forms.Form):
    """A form over a value. It knows what the bucket has, so it can keep what it has no field for.

    `part` names what is edited where the setting has parts; None: something new is added.
    """

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, now: Any, place: Place, part: str | None = None
    ) -> None:
        self.now, self.place, self.part = now, place, part
        super().__init__(data, initial=self.initial_of(now, part), label_suffix="")

    @classmethod
    def initial_of(cls, now: Any, part: str | None) -> dict[str, Any]:
        """Return what the fields show of the value. KeyError where it has no such part."""
        raise NotImplementedError

    def wanted(self) -> Any:
        """Return the value that the valid form asks for, made from `self.now` and the fields."""
        raise NotImplementedError


class Setting(ABC, Generic[T]):
    """One setting. Instances have no state; the registry holds one of each.

    `T` is a frozen value of the seam with an `==` that says whether two states are the same.
    """

    slug: ClassVar[str]  # at most 32 letters: it is kept in rows and stands in addresses
    title: ClassVar[str | Promise]
    about: ClassVar[str | Promise]  # one sentence
    term: ClassVar[str]  # what Amazon's documentation calls it
    needs: ClassVar[tuple[Capability, ...]] = ()  # without these of a store there is nothing to show
    form_class: ClassVar[type[SettingForm]]

    @abstractmethod
    def read(self, bucket: str, alias: str) -> T:
        """Ask the store; S3Error as the seam raises it. May run in a thread: touch no model."""

    @abstractmethod
    def write(self, bucket: str, alias: str, wanted: T) -> None:
        """Give it to the store; S3Error as the seam raises it."""

    @abstractmethod
    def as_data(self, value: T) -> dict[str, Any]:
        """Return the value as what JSON can keep. `from_data` is its exact inverse."""

    @abstractmethod
    def from_data(self, data: Mapping[str, Any]) -> T:
        """Return the value that `as_data` was given."""

    @abstractmethod
    def facts(self, value: T) -> Facts:
        """Return the value in words. Two values that differ differ here, too: what changes is told by it."""

    def summary(self, value: T) -> str:
        """Return one line for the overview."""
        return next(iter(self.facts(value).values()), "–")

    def difference(self, before: T, after: T) -> list[Difference]:
        """Return what is not the same in both, in words; none for equal values."""
        was, will_be = self.facts(before), self.facts(after)
        return [
            Difference(label, was.get(label, ""), will_be.get(label, ""))
            for label in dict.fromkeys([*was, *will_be])
            if was.get(label) != will_be.get(label)
        ]

    def parts(self, _value: T) -> list[Part] | None:
        """Return what is edited one at a time; None where one form shows all."""
        return None

    def beside(self, _value: T, _place: Place) -> Facts:
        """Return what else decides, asked of the store where needed; a part that cannot be read says so."""
        return {}

    def fixed(self, _value: T, _place: Place) -> str:
        """Return why nobody can change it as it is now; empty where it can be changed."""
        return ""

    def meaning(self, _before: T, _after: T, _place: Place) -> list[Meaning]:
        """Return what the change will mean. May ask the store; a part that cannot be read says so."""
        return []

    def refusals(self, _before: T, _after: T, _place: Place) -> list[str]:
        """Return why the portal will not make this change, as sentences. May ask the store."""
        return []

    def why_not(self, before: T, after: T, place: Place) -> list[str]:
        """Return all that stands against the change, but for rights: what is fixed, and `refusals`."""
        if reason := self.fixed(before, place):
            return [reason]
        return self.refusals(before, after, place)

    def opens(self, _before: T, _after: T) -> bool:
        """Whether the change lets the world in further, or may: that needs a right of its own."""
        return False

    def asks_for_name(self, before: T, after: T, place: Place) -> bool:
        """Whether the bucket's name must be typed before the change is made."""
        return place.holds_photos and self.opens(before, after)

    def no_way_back(self, _before: T, _after: T) -> str:
        """Return why the change cannot be undone, and what comes nearest; empty where it can."""
        return ""


def yes_or_no(is_on: bool) -> str:
    """Write a switch."""
    return _("on") if is_on else _("off")
