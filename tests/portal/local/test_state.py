import stat

import pytest

from portal.local import state
from portal.local.errors import StateUnreadable
from portal.local.state import State


def test_load_without_a_file_makes_new_secrets_each_time(tmp_path):
    one, two = state.load(tmp_path / "state.json"), state.load(tmp_path / "state.json")

    assert len(one.secret_key) >= 50
    assert one.secret_key != two.secret_key
    assert one.s3_secret_key != two.s3_secret_key


def test_save_then_load_finds_the_same_again(tmp_path):
    kept = State(ports={"web": 8000})
    kept.add_passwords(["viewer", "root"])

    state.save(kept, tmp_path / "state.json")

    assert state.load(tmp_path / "state.json") == kept


def test_save_lets_nobody_else_read_the_secrets(tmp_path):
    path = tmp_path / "state.json"
    left_by_a_crash = path.with_suffix(".new")
    left_by_a_crash.touch(mode=0o666)

    state.save(State(), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not left_by_a_crash.exists()


def test_add_passwords_keeps_those_that_are_there():
    found = State(passwords={"root": "known"})

    found.add_passwords(["root", "viewer"])

    assert found.passwords["root"] == "known"
    assert len(found.passwords["viewer"]) == 14


@pytest.mark.parametrize("text", ["{", "[]", '{"from_the_future": 1}'])
def test_load_of_a_damaged_file_says_what_to_do(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)

    with pytest.raises(StateUnreadable, match="--reset"):
        state.load(path)
