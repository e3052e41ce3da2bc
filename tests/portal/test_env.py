"""Readers of the environment: what they take, and in which words they refuse."""

import os
from datetime import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal import env
from portal.env import BadEnvironment

NAME = "PORTAL_TEST_VALUE"
# What a process can be given: no NUL, and nothing that is no UTF-8.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
# The variable is set anew by each example, so that one monkeypatch may serve all of them.
MANY = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)


def test_text_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "  eu-central-1\n")

    assert env.text(NAME) == "eu-central-1"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_text_that_is_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv(NAME, value)

    assert env.text(NAME, "fallback") == "fallback"
    with pytest.raises(BadEnvironment, match=rf"{NAME} must be set; see \.env\.example"):
        env.text(NAME)


def test_text_outside_its_choices_is_refused_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "paht")

    with pytest.raises(BadEnvironment, match="is 'paht'; it must be one of auto, path"):
        env.text(NAME, "auto", choices=("auto", "path"))


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "Yes", "on", " on "])
def test_flag_takes_words_for_true(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)

    assert env.flag(NAME, False) is True


@pytest.mark.parametrize("value", ["0", "false", "False", "no", "OFF"])
def test_flag_takes_words_for_false(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)

    assert env.flag(NAME, True) is False


@pytest.mark.parametrize("default", [True, False])
def test_flag_unset_is_its_default(default: bool) -> None:
    assert env.flag(NAME, default) is default


def test_flag_does_not_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "ture")

    with pytest.raises(BadEnvironment, match="'ture'; it must be true or false"):
        env.flag(NAME, False)


def test_number_may_be_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "25_000_000")

    assert env.number(NAME, 1) == 25_000_000


@pytest.mark.parametrize("value", ["1.5", "25MB", "ten", "0x10", "--1", "1e6"])
def test_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)

    with pytest.raises(BadEnvironment, match="it must be a whole number"):
        env.number(NAME, 1)


@pytest.mark.parametrize(("value", "fits"), [("9", False), ("10", True), ("300", True), ("301", False)])
def test_number_keeps_its_bounds(monkeypatch: pytest.MonkeyPatch, value: str, fits: bool) -> None:
    monkeypatch.setenv(NAME, value)

    if fits:
        assert env.number(NAME, 60, least=10, most=300) == int(value)
    else:
        with pytest.raises(BadEnvironment, match=f"{NAME} is {value}; it must be between 10 and 300"):
            env.number(NAME, 60, least=10, most=300)


def test_number_without_upper_bound_names_the_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "-1")

    with pytest.raises(BadEnvironment, match="is -1; it must be at least 0"):
        env.number(NAME, 5)


@MANY
@given(number=st.integers(-(10**12), 10**12), least=st.integers(-100, 100), span=st.integers(0, 1000))
def test_number_is_read_as_written_or_refused(
    monkeypatch: pytest.MonkeyPatch, number: int, least: int, span: int
) -> None:
    monkeypatch.setenv(NAME, str(number))
    most = least + span

    if least <= number <= most:
        assert env.number(NAME, 0, least=least, most=most) == number
    else:
        with pytest.raises(BadEnvironment):
            env.number(NAME, 0, least=least, most=most)


def test_words_are_stripped_and_blanks_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a.example , ,b.example,")

    assert env.words(NAME) == ["a.example", "b.example"]


def test_words_unset_are_a_new_list_of_the_default() -> None:
    default = ("127.0.0.1", "localhost")

    assert env.words(NAME, default) == ["127.0.0.1", "localhost"]
    assert env.words(NAME, default) is not env.words(NAME, default)


@MANY
@given(words=st.lists(st.text("abc.-0 ", min_size=1).map(str.strip).filter(bool)))
def test_words_survive_being_joined(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setenv(NAME, ",".join(words))

    assert env.words(NAME) == words


def test_secret_comes_from_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "s3cret")

    assert env.secret(NAME) == "s3cret"


def test_secret_comes_from_the_file_without_its_last_newline(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret ü\n", encoding="utf-8")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))

    assert env.secret(NAME) == "s3cret ü"


def test_secret_in_both_places_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    file = tmp_path / "secret"
    file.write_text("one")
    monkeypatch.setenv(NAME, "other")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))

    with pytest.raises(BadEnvironment, match=f"Both {NAME} and {NAME}_FILE are set") as refusal:
        env.secret(NAME)

    assert "other" not in str(refusal.value)


def test_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "nothing"))

    with pytest.raises(BadEnvironment, match="nothing, which cannot be read: No such file"):
        env.secret(NAME, "a default must not hide it")


def test_secret_file_that_is_empty_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    file = tmp_path / "secret"
    file.write_text("\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))

    with pytest.raises(BadEnvironment, match="which is empty"):
        env.secret(NAME, "a default must not hide it")


def test_secret_unset_is_its_default() -> None:
    assert env.secret(NAME, "sqlite:///here") == "sqlite:///here"
    with pytest.raises(BadEnvironment, match="must be set"):
        env.secret(NAME)


@pytest.mark.parametrize(("value", "found"), [("02:30", time(2, 30)), ("23:59", time(23, 59)), ("OFF", None)])
def test_time_of_day_is_read(monkeypatch: pytest.MonkeyPatch, value: str, found: time | None) -> None:
    monkeypatch.setenv(NAME, value)

    assert env.time_of_day(NAME, "01:00") == found


@pytest.mark.parametrize("value", ["2:30", "24:00", "02:60", "02:30:00", "night", "-1"])
def test_time_that_no_clock_shows_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)

    with pytest.raises(BadEnvironment, match="a time such as 02:30, or off"):
        env.time_of_day(NAME, "01:00")


@MANY
@given(value=TEXTS)
def test_no_value_ends_in_another_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    assert os.environ[NAME] == value

    for read in (env.text, env.words, lambda name: env.flag(name, False), lambda name: env.number(name, 1)):
        try:
            read(NAME)
        except BadEnvironment as error:
            assert NAME in str(error)  # noqa: PT017 - what is raised depends on the example
