"""The command-line peers: what they are told for each kind of work, and what of their CPU the work took.

The CPU of a program is that of its process, of which a run that does next to nothing is taken off:
what it costs to start is not what an object costs.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Arguments = list[str | Path]


@dataclass(frozen=True)
class Run:
    """What one run took: CPU seconds of user and system, objects met, calls it had to make."""

    cpu: float
    objects: int
    calls: int


@dataclass(frozen=True)
class Program:
    """A program: its idle run, and for each work its arguments and the calls for so many objects."""

    path: Path
    idle: Arguments
    works: Mapping[str, Callable[[dict[str, Any], Path], Arguments]]
    calls: Mapping[str, Callable[[int], int]]

    def run(self, work: str, task: dict[str, Any]) -> Run:
        """Do the work once. CalledProcessError when the program fails."""
        with tempfile.TemporaryDirectory(prefix="bulk-") as folder:
            start, _none = _cpu([self.path, *self.idle], task)
            words = self.works[work](task, Path(folder) / "orders")
            cpu, lines = _cpu([self.path, *words], task)
        count = sum(len(line.split("\t")) for line in lines)  # a line for each, or a word (AWS CLI)
        return Run(max(cpu - start, 0.0), count, self.calls[work](count))


def s5cmd(path: Path) -> Program:
    """s5cmd 2: DeleteObjects by the thousand, a wildcard for copies (a list, and a call for each)."""
    return Program(
        path,
        idle=["version"],
        works={
            "list": lambda task, _file: ["ls", f"s3://{task['bucket']}/{task['prefix']}*"],
            "versions": lambda task, _file: [
                "ls", "--all-versions", f"s3://{task['bucket']}/{task['prefix']}*",
            ],
            "delete": lambda task, _file: ["rm", *(f"s3://{task['bucket']}/{key}" for key in task["keys"])],
            "copy": lambda task, _file: [
                "cp", f"s3://{task['bucket']}/{task['from']}*", f"s3://{task['bucket']}/{task['to']}",
            ],
            "head": lambda task, file: ["run", _written(file, _heads(task))],
        },
        calls=_CALLS,
    )  # fmt: skip


def aws(path: Path) -> Program:
    """AWS CLI 1: `s3 rm` makes a call for each object, versions come from `s3api`."""
    return Program(
        path,
        idle=["--version"],
        works={
            "list": lambda task, _file: [
                "s3", "ls", "--recursive", f"s3://{task['bucket']}/{task['prefix']}",
            ],
            "versions": lambda task, _file: [
                "s3api", "list-object-versions", "--bucket", task["bucket"], "--prefix", task["prefix"],
                "--query", "[Versions[].Key,DeleteMarkers[].Key][]", "--output", "text",
            ],
            "delete": lambda task, _file: [
                "s3", "rm", "--recursive", f"s3://{task['bucket']}/{task['from']}",
            ],
            "copy": lambda task, _file: [
                "s3", "cp", "--no-progress", "--recursive",
                f"s3://{task['bucket']}/{task['from']}", f"s3://{task['bucket']}/{task['to']}",
            ],
        },
        calls=_CALLS | {"delete": lambda count: count},
    )  # fmt: skip


def _pages(count: int) -> int:
    return -(-count // 1_000)


_CALLS: dict[str, Callable[[int], int]] = {
    "list": _pages,
    "versions": _pages,
    "delete": _pages,
    "copy": lambda count: count,
    "head": lambda count: count,
}


def _heads(task: dict[str, Any]) -> Iterator[str]:
    return (f"head s3://{task['bucket']}/{key}" for key in task["keys"])


def _written(file: Path, lines: Iterator[str]) -> Path:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _cpu(words: Arguments, task: dict[str, Any]) -> tuple[float, list[str]]:
    """Run the program to its end; return its CPU seconds and the lines that it printed."""
    environment = os.environ | {
        "S3_ENDPOINT_URL": task["endpoint"],
        "AWS_ENDPOINT_URL": task["endpoint"],
        "AWS_PAGER": "",
    }
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(words, stdout=out, stderr=complaints, env=environment)
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        complaints.seek(0)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, str(words[0]), stderr=complaints.read())
        return used.ru_utime + used.ru_stime, out.read().decode().splitlines()
