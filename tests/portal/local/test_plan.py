from portal.local import plan
from portal.local.layout import DataDir
from portal.local.simulator import Simulator


def units(tmp_path, simulated):
    found = plan.units(
        data=DataDir(tmp_path), web_port=1, queue_port=None, store=None, demo_data=None, simulated=simulated
    )
    return {unit.name: unit for unit in found}


def test_simulator_keeps_nobody_waiting(tmp_path):
    found = units(tmp_path, Simulator(tmp_path / "simulator", 1))

    added = {name: unit for name, unit in found.items() if name not in units(tmp_path, None)}

    assert set(added) == {
        "simulator", "simulator-samples", "mirror", "export", "events", "worker-events",
    }  # fmt: skip
    assert all(unit.is_background for unit in added.values())
    assert added["simulator"].needs == ("web",)
    assert not any(set(added) & set(unit.needs) for name, unit in found.items() if name not in added)


def test_simulator_is_reached_from_this_machine_alone(tmp_path):
    environment = Simulator(tmp_path, 24566).environment()

    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == environment["SFTP_ENABLED"] == "0"
    assert not [name for name in environment if name.startswith("AWS_")]
