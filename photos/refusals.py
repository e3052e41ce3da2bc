"""Why a picture is refused, in words. Pure: no Django, no S3, no image library."""

from photos.formats import gettext_noop

SENTENCES = {
    "wrong_type": gettext_noop("It is %(found)s; the portal takes %(allowed)s."),
    "too_many_pixels": gettext_noop("It has %(found)s pixels; at most %(allowed)s are allowed."),
    "too_many_frames": gettext_noop("It has %(found)s frames; at most %(allowed)s are allowed."),
    "damaged": gettext_noop("It is damaged or cut short: this %(found)s picture cannot be read to its end."),
    "too_hungry": gettext_noop("Reading this %(found)s picture takes more memory than one photo may use."),
}


class RefusedImage(Exception):
    """A picture that cannot be taken, however often one tries. `str()` is an English sentence.

    `code` is a key of `SENTENCES`; `found` and `allowed` fill it: numbers for the two
    limits, words otherwise. So a page says it in the reader's language.
    """

    def __init__(self, code: str, *, found: int | str, allowed: int | str = "") -> None:
        self.code = code
        self.found = found
        self.allowed = allowed
        super().__init__(SENTENCES[code] % self.words)

    @property
    def words(self) -> dict[str, str]:
        """What fills the code's sentence, in whichever language."""
        return {"found": _spelled(self.found), "allowed": _spelled(self.allowed)}


def _spelled(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value
