"""`pets.microchip`: what is a code, what it says, and what is one slip away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pets import microchip
from pets.microchip import Kind, MicrochipError

digits = st.sampled_from("0123456789")
iso_codes = st.builds(
    lambda prefix, national: f"{prefix:03}{national:012}",
    st.integers(1, 999),
    st.integers(0, microchip.NATIONAL_ID_MAX),
)
old_codes = st.text("0123456789", min_size=9, max_size=9) | st.text(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=10, max_size=10
)
codes = iso_codes | old_codes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Kind.NONE),
        (" - ", Kind.NONE),
        ("276098102345678", Kind.COUNTRY),
        ("276 0981 0234-5678", Kind.COUNTRY),
        ("001000000000000", Kind.COUNTRY),
        ("899000000000000", Kind.COUNTRY),
        ("900000000000000", Kind.MANUFACTURER),
        ("998274877906943", Kind.MANUFACTURER),
        ("999000000000001", Kind.TEST),
        ("123456789", Kind.NON_ISO),
        ("00064c1a2b", Kind.NON_ISO),
    ],
)
def test_check_knows_kind(text, kind):
    assert microchip.check(text) is kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("27609810234567", "has 14 characters"),
        ("2760981023456789", "has 16 characters"),
        ("27609810234567X", "digits only"),
        ("000098102345678", "begins with 000"),
        ("276274877906944", "go up to 274877906943"),
        ("ABC-ÄÖÜ-1234", "has 10 characters"),
        ("٢٧٦٠٩٨١٠٢٣٤٥٦٧٨", "digits only"),
    ],
)
def test_check_refuses_with_the_reason(text, words):
    with pytest.raises(MicrochipError, match=words):
        microchip.check(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("276098102345678", "country code 276 (Germany)"),
        ("004098102345678", "country code 004"),
        ("981098102345678", "manufacturer 981"),
        ("999000000000001", "test chip"),
        ("123456789", "not ISO 11784"),
        ("", "No microchip"),
    ],
)
def test_explain_names_the_origin(text, words):
    assert words in str(microchip.explain(text))


def test_explain_refuses_what_is_no_code():
    with pytest.raises(MicrochipError):
        microchip.explain("12")


@given(codes, st.sampled_from(["", " ", "-", "\u2013", ".", "\t"]))
def test_normalise_forgets_separators_and_case(code, separator):
    typed = separator.join(code).lower()

    assert microchip.normalise(typed) == code
    assert microchip.check(typed) is microchip.check(code)


@given(st.text())
def test_normalise_is_stable(text):
    once = microchip.normalise(text)

    assert microchip.normalise(once) == once


@given(st.text(max_size=20))
def test_check_answers_or_refuses_whatever_is_typed(text):
    if microchip.is_code(text):
        assert microchip.explain(text)
    elif microchip.normalise(text):
        with pytest.raises(MicrochipError, match=r"\.$"):
            microchip.check(text)
    else:
        assert microchip.check(text) is Kind.NONE


@given(iso_codes, st.data())
def test_near_misses_hold_every_wrong_digit(code, data):
    position = data.draw(st.integers(0, 14))
    typed = code[:position] + data.draw(digits) + code[position + 1 :]

    assert typed == code or code in microchip.near_misses(typed)


@given(codes, st.data())
def test_near_misses_hold_every_swap(code, data):
    left, right = sorted(data.draw(st.lists(st.integers(0, len(code) - 1), min_size=2, max_size=2)))
    typed = list(code)
    typed[left], typed[right] = typed[right], typed[left]

    assert "".join(typed) == code or code in microchip.near_misses("".join(typed))


@given(codes)
def test_near_misses_are_few_valid_codes_without_the_code_itself(code):
    near = microchip.near_misses(code)

    assert code not in near
    assert all(microchip.is_code(found) and len(found) == len(code) for found in near)
    assert len(near) <= 405


@given(codes, st.data())
def test_near_misses_are_mutual(code, data):
    near = sorted(microchip.near_misses(code))

    assert code in microchip.near_misses(data.draw(st.sampled_from(near)))


@pytest.mark.parametrize("text", ["", "12", "2760981023456789", "x" * 10_000])
def test_near_misses_of_another_length_are_none(text):
    assert microchip.near_misses(text) == frozenset()
