"""compose.yaml, Dockerfile and what they name. There is no Docker here: this reads what can be read."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.house.source import APPS, ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service.get("image") == "pettracker"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "compose.yaml",
    ROOT / "Dockerfile",
]


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, lines joined and comments dropped."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def last(instruction: str) -> str:
    return [text for name, text in instructions() if name == instruction][-1]


def test_portal_runs_as_web_three_workers_beat_and_two_jobs() -> None:
    workers = {"worker-interactive", "worker-bulk", "worker-events"}
    assert set(OURS) == {"web", *workers, "beat", "migrate", "setup-storage"}
    assert SERVICES["worker-events"]["profiles"] == ["events"]  # silent where nothing is switched on


@pytest.mark.parametrize("name", SERVICES)
def test_service_waits_only_for_services_that_say_when_they_are_there(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        waited_for = SERVICES[other]
        if wanted["condition"] == "service_healthy":
            assert "test" in waited_for["healthcheck"]
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert waited_for["restart"] == "no"


@pytest.mark.parametrize("name", OURS)
def test_service_of_ours_is_confined(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "user" not in service  # the image's own, which is not root


@pytest.mark.parametrize("queue", ["interactive", "bulk", "events"])
def test_each_queue_has_a_worker_of_its_own(queue: str) -> None:
    command = SERVICES[f"worker-{queue}"]["command"]

    assert command[:4] == ["celery", "--app", "portal", "worker"]
    assert command[command.index("--queues") + 1] == queue
    assert f"{queue}@" in " ".join(SERVICES[f"worker-{queue}"]["healthcheck"]["test"])


@pytest.mark.parametrize("name", ["worker-interactive", "worker-bulk", "worker-events", "beat"])
def test_celery_knows_the_options(name: str) -> None:
    arguments = SERVICES[name]["command"]
    finished = subprocess.run(
        [sys.executable, "-m", *arguments[:4], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    options = [argument.partition("=")[0] for argument in arguments[4:] if argument.startswith("--")]
    assert [option for option in options if option not in finished.stdout] == []


@pytest.mark.parametrize("name", ["migrate", "setup-storage"])
def test_job_is_a_command_that_exists(name: str) -> None:
    assert SERVICES[name]["command"][:2] == ["python", "manage.py"]
    assert SERVICES[name]["command"][2] in get_commands()


def test_only_one_service_is_the_timetable() -> None:
    assert [name for name in OURS if "beat" in SERVICES[name].get("command", [])] == ["beat"]
    assert "deploy" not in SERVICES["beat"]


def test_redis_keeps_its_queue() -> None:
    command = " ".join(SERVICES["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_images_are_pinned_to_a_version() -> None:
    foreign = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    bases = [text.split()[0] for name, text in instructions() if name == "FROM"]

    assert [image for image in foreign + bases if not re.search(r":\d", image)] == []


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_variable_of_compose_is_in_the_example() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", text))
    offered = set(re.findall(r"^#?([A-Z0-9_]+)=", ENV_EXAMPLE, flags=re.MULTILINE))

    assert used <= offered


def test_image_runs_as_somebody_without_rights() -> None:
    user = last("USER")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    after = DOCKERFILE[DOCKERFILE.rindex("USER ") :]
    assert "\nRUN" not in after
    assert "\nCOPY" not in after


def test_image_installs_only_what_is_locked() -> None:
    installs = [text for name, text in instructions() if name == "RUN" and "pip install" in text]

    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "requirements-production.txt" in installs[0]


def test_image_holds_every_app_and_nothing_else() -> None:
    copied = {text.split()[0] for name, text in instructions() if name == "COPY" and "--from" not in text}

    assert copied == {"requirements-production.txt", "manage.py", *APPS}
    kept_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in kept_out
    assert {line[1:] for line in kept_out if line.startswith("!")} == copied


def test_image_holds_no_secret() -> None:
    assert [text for name, text in instructions() if name in {"ENV", "ARG"} and "SECRET" in text] == []


def test_commands_of_the_image_are_no_shell_lines() -> None:
    command = json.loads(last("CMD"))
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])

    assert command[:2] == ["gunicorn", "portal.wsgi:application"]
    assert "/health/live" in check[-1]
    compile(check[-1], "HEALTHCHECK", "exec")


def test_gunicorn_knows_the_options() -> None:
    options = [option for option in json.loads(last("CMD")) if option.startswith("--")]
    finished = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--help"], capture_output=True, text=True, check=True
    )

    assert [option for option in options if option not in finished.stdout] == []


def test_commands_that_the_documents_name_exist() -> None:
    named = {
        command
        for document in DOCUMENTS
        for command in re.findall(r"manage\.py ([a-z_]+)", document.read_text(encoding="utf-8"))
    }

    assert named
    assert named - set(get_commands()) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_the_documents_link_to_exist(document) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]

    assert [target for target in targets if not (document.parent / target).exists()] == []
