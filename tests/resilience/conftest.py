"""One stack for all tests of this folder; each test heals what it breaks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests import pictures
from tests.resilience.stack import Stack, running_stack


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack") / "portal") as stack:
        yield stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The stack, with a worker, whatever the test before did."""
    if not running.worker.is_running():
        running.start("worker-interactive")
    return running


@pytest.fixture
def uploads(stack: Stack, tmp_path: Path) -> Callable[[int], list[str]]:
    """Upload that many different photos; return their ids."""

    def upload(count: int) -> list[str]:
        ids = []
        for number in range(count):
            file = tmp_path / f"{number}.jpg"
            # Never the same bytes: those would be a duplicate.
            file.write_bytes(pictures.jpeg(1200, 800, comment=uuid4().bytes))
            answer = stack.ask("send", file=str(file), name=file.name)
            assert answer.get("status") == "stored", answer
            ids.append(answer["photo"])
        return ids

    return upload
