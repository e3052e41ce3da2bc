import stat

from portal.local.layout import DataDir


def test_create_makes_a_directory_for_its_owner_alone(tmp_path):
    data = DataDir(tmp_path / "new" / "data")

    data.create()

    assert stat.S_IMODE(data.root.stat().st_mode) == 0o700


def test_clear_deletes_the_portals_files_and_nobody_elses(tmp_path):
    data = DataDir(tmp_path)
    for name in ("state.json", "portal.sqlite3", "portal.sqlite3-wal", "demo.lock", "diary.txt"):
        (tmp_path / name).touch()
    (tmp_path / "seaweedfs" / "data").mkdir(parents=True)
    (tmp_path / "holiday").mkdir()

    data.clear()

    assert {entry.name for entry in tmp_path.iterdir()} == {"demo.lock", "diary.txt", "holiday"}


def test_clear_deletes_a_link_but_not_what_it_leads_to(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    data = DataDir(tmp_path / "data")
    data.create()
    data.logs.symlink_to(elsewhere)

    data.clear()

    assert not data.logs.is_symlink()
    assert (elsewhere / "kept").exists()
