"""How text that others chose is written on pages: literally, and nothing in it invisible.

A key, a policy or a message may hold line feeds, control characters, marks that turn the writing
direction, and blanks at its ends. They are spelled as Python would (`\\n`, `\\x01`, `\\u202e`) and set
apart from a text that really has a backslash there.
"""

import re
import unicodedata

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_ENDS = re.compile(r"^ +| +$")


def plain(text: str) -> str:
    """Return the text for a title or a message."""
    return "".join(_spelled(character) or character for character in text)


def html(text: str) -> SafeString:
    """Return the text for a page, what is spelled set apart."""
    pieces: list[tuple[str, bool]] = []
    for place, character in enumerate(text):
        spelled = _spelled(character)
        if character == " " and place in _blanks_at_the_ends(text):
            spelled = "␣"
        if pieces and not spelled and not pieces[-1][1]:
            pieces[-1] = (pieces[-1][0] + character, False)
        else:
            pieces.append((spelled or character, bool(spelled)))
    inner = format_html_join(
        "",
        "{}",
        ((format_html('<span class="spelled">{}</span>', piece) if odd else piece,) for piece, odd in pieces),
    )
    # Isolated: a text in Hebrew or Arabic must not turn what stands around it.
    return format_html('<bdi class="key">{}</bdi>', inner)


def _blanks_at_the_ends(text: str) -> set[int]:
    return {place for found in _ENDS.finditer(text) for place in range(*found.span())}


def _spelled(character: str) -> str:
    """Return the character's name as Python writes it; empty where it can be seen as it is."""
    if character == " " or unicodedata.category(character) not in _INVISIBLE:
        return ""
    return character.encode("unicode_escape").decode()
