"""Yes and no where one may not know, or where it depends: a logic of four values."""

from __future__ import annotations

from enum import Enum


class Answer(Enum):
    """DEPENDS: on who asks, or from where. UNKNOWN: it could not be read."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, known: bool | None) -> Answer:
        """Return the answer for a fact; None is one that could not be read."""
        if known is None:
            return cls.UNKNOWN
        return cls.YES if known else cls.NO

    def __or__(self, other: Answer) -> Answer:
        """Yes if one is; what is not known may be a yes, and counts before what depends."""
        for first in (Answer.YES, Answer.UNKNOWN, Answer.DEPENDS):
            if first in {self, other}:
                return first
        return Answer.NO

    def __and__(self, other: Answer) -> Answer:
        """No if one is; else what is not known, then what depends."""
        for first in (Answer.NO, Answer.UNKNOWN, Answer.DEPENDS):
            if first in {self, other}:
                return first
        return Answer.YES

    def __invert__(self) -> Answer:
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, self)
