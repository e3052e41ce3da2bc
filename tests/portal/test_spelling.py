"""Keys on pages: literally, and nothing in them invisible."""

import pytest

from portal import spelling


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("a/b.jpg", "a/b.jpg"),
        ("a\nb", '<span class="spelled">\\n</span>'),
        ("\x00", '<span class="spelled">\\x00</span>'),
        ("\u202egpj", '<span class="spelled">\\u202e</span>gpj'),
        ("a\xa0b", '<span class="spelled">\\xa0</span>'),
        (" a b ", '<span class="spelled">␣</span>a b<span class="spelled">␣</span>'),
        ("<i>&\"'", "&lt;i&gt;&amp;&quot;&#x27;"),
        ("a\\nb", "a\\nb"),
        ("日本/é", "日本/é"),
    ],
)
def test_key_is_spelled_for_a_page(key: str, shown: str) -> None:
    text = spelling.html(key)

    assert text.startswith('<bdi class="key">')
    assert shown in text


def test_backslash_in_a_key_is_not_taken_for_an_escape() -> None:
    assert spelling.html("a\\nb") != spelling.html("a\nb")


def test_key_is_spelled_for_a_message() -> None:
    assert spelling.plain("a\r\n\u2028b c") == "a\\r\\n\\u2028b c"
