"""Renditions side by side with their peers: CPU, memory, likeness, bytes.

    python -m benchmarks.renditions [--quick] [--write]

Each run of a peer on a file is a process of its own (peak memory, no warm caches), the
peers take turns, so that a busy minute of the machine falls on all of them. `--quick`
runs once on three files; `--write` puts the tables into docs/benchmarks-renditions.md.
"""

import argparse
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("SECRET_KEY", "benchmark")

import pyvips
from PIL import Image, ImageCms, ImageOps

from benchmarks.camera import WORK
from benchmarks.likeness import ssim
from benchmarks.peers import LIBRARIES, PEERS
from photos.imaging import RenditionSpec
from portal import settings

PROJECT = Path(__file__).resolve().parent.parent
REPORT = PROJECT / "docs" / "benchmarks-renditions.md"
RUNS = 7
QUICK = ("phone 12 MP", "phone 24 MP", "HEIC 12 MP")
_ENTRIES: list[dict[str, Any]] = settings.RENDITIONS
SPECS = tuple(RenditionSpec(**entry) for entry in _ENTRIES)
PACKAGES = ("Pillow", "pyvips", "pyvips-binary", "pillow-heif", *LIBRARIES)


@dataclass
class Result:
    """What the runs of one peer on one file gave."""

    cpu: list[float] = field(default_factory=list)  # ms, user and system, all threads
    peak: list[int] = field(default_factory=list)  # MB, the whole process
    likeness: dict[str, float] = field(default_factory=dict)  # SSIM by rendition
    colours: float = 0.0  # mean CIE dE76 of the largest rendition
    sizes: dict[str, int] = field(default_factory=dict)  # bytes by rendition
    error: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one run on three files")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each peer on each file ({RUNS})")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.relative_to(PROJECT)}")
    parser.add_argument("--child", nargs=2, metavar=("PEER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _measure(*arguments.child)
        return
    works = [work for work in WORK if not arguments.quick or work.name in QUICK]
    runs = 1 if arguments.quick else arguments.runs
    sections = []
    with tempfile.TemporaryDirectory(prefix="renditions-") as folder:
        for work in works:
            print(f"{work.name} ...", file=sys.stderr, flush=True)
            path = Path(folder) / "photo"
            path.write_bytes(work.make())
            sections.append((work.name, path.stat().st_size, _compare(path, runs)))
    report = "\n".join(_report(sections, runs))
    print(report)
    if arguments.write:
        REPORT.write_text(report + "\n", encoding="utf-8")


def _measure(name: str, path: str) -> None:
    """Run one peer once in this process and print its figures as JSON; outputs go beside the file."""
    specs = [RenditionSpec(**entry) for entry in json.loads(os.environ["SPECS"])]
    # A small picture first: what a library loads at its first use is no cost of a photo.
    warm_up = io.BytesIO()
    Image.new("RGB", (64, 48)).save(warm_up, "JPEG")
    photo = Path(path).read_bytes()
    work = PEERS[name](photo, specs)
    work(warm_up.getvalue())
    before = resource.getrusage(resource.RUSAGE_SELF)
    outputs = work(photo)
    after = resource.getrusage(resource.RUSAGE_SELF)
    for spec, data in zip(specs, outputs, strict=True):
        Path(f"{path}.{spec.name}").write_bytes(data)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu * 1000, "peak": _peak_megabytes()}))


def _peak_megabytes() -> int:
    # VmHWM, not ru_maxrss: the latter begins with what the process that forked this one had used.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def _compare(path: Path, runs: int) -> dict[str, Result]:
    results: dict[str, Result] = defaultdict(Result)
    references = {spec.name: _reference(path, spec) for spec in SPECS if not spec.square}
    for run in range(runs):
        for peer in PEERS:
            result = results[peer]
            if result.error:
                continue
            answer = _run(peer, path)
            if isinstance(answer, str):
                result.error = answer
                continue
            result.cpu.append(answer["cpu"])
            result.peak.append(int(answer["peak"]))
            if run == 0:
                _judge(result, path, references)
    return results


def _run(peer: str, path: Path) -> dict[str, float] | str:
    """Run a peer in a process of its own; return its figures, or why there are none."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.renditions", "--child", peer, str(path)],
        cwd=PROJECT,
        env={**os.environ, "SPECS": json.dumps([asdict(spec) for spec in SPECS])},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        return (run.stderr.strip().splitlines() or [f"exit {run.returncode}"])[-1][:100]
    figures: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return figures


def _reference(path: Path, spec: RenditionSpec) -> pyvips.Image:
    """Return the rendition as it should be: decoded whole, upright, sRGB, on white, one LANCZOS resize."""
    picture: Image.Image = Image.open(path)
    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    profile = picture.info.get("icc_profile")
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        picture = (
            ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), intent) or picture
        )
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    scale = spec.scale(*picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    pixels = pyvips.Image.new_from_memory(small.tobytes(), *size, 3, "uchar")
    return pixels.copy(interpretation="srgb").copy_memory()


def _judge(result: Result, path: Path, references: dict[str, pyvips.Image]) -> None:
    for spec in SPECS:
        data = Path(f"{path}.{spec.name}").read_bytes()
        result.sizes[spec.name] = len(data)
        if spec.name not in references:
            continue
        reference, picture = references[spec.name], _as_seen(data, spec)
        if (picture.width, picture.height) != (reference.width, reference.height):
            # Some round a side the other way; a pixel's stretch costs them less than a refusal.
            across, down = reference.width / picture.width, reference.height / picture.height
            picture = picture.resize(across, vscale=down)
        result.likeness[spec.name] = ssim(picture, reference)
        if not result.colours:
            means = (seen.shrink(8, 8).colourspace("lab") for seen in (picture, reference))
            result.colours = float(next(means).dE76(next(means)).avg())


def _as_seen(data: bytes, spec: RenditionSpec) -> pyvips.Image:
    """Return an output as a viewer shows it: its profile obeyed, on white."""
    loader = pyvips.Image.webpload_buffer if spec.format == "webp" else pyvips.Image.jpegload_buffer
    picture = loader(data)
    if picture.get_typeof("icc-profile-data"):
        picture = picture.icc_transform("srgb", embedded=True, intent="relative")
    return picture.flatten(background=255) if picture.hasalpha() else picture


def _report(sections: list[tuple[str, int, dict[str, Result]]], runs: int) -> Iterator[str]:
    yield "# Renditions: CPU, memory, likeness"
    yield ""
    yield f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `python -m benchmarks.renditions`"
    yield f"{_machine()}."
    yield ""
    yield (
        f"Each figure is the median of {runs} runs (least to most), each in a process of its own, "
        "peers in turns. "
        "CPU is user and system time of all threads from the file's bytes to all renditions' bytes; "
        "peak is the whole process. Likeness is SSIM against a picture decoded whole, converted to sRGB and "
        "resized once with LANCZOS; colours is the mean dE76 against it (above 2 is seen side by side). "
        "The floor is the decoder (libjpeg-turbo's scaled one) and the encoders alone, without any resize."
    )
    yield ""
    yield "Renditions: " + ", ".join(
        f"{spec.name} {spec.longest_side} px {spec.format} q{spec.quality}{' square' * spec.square}"
        for spec in SPECS
    )
    yield ""
    yield from _summary(sections)
    for name, size, results in sections:
        yield ""
        yield f"## {name}, {size / 1e6:.1f} MB"
        yield ""
        yield "| | CPU ms | x floor | peak MB | SSIM full / card | colours | kB full / share / card / tile |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        for peer, result in results.items():
            yield _row(peer, result, results["floor"])


def _summary(sections: list[tuple[str, int, dict[str, Result]]]) -> Iterator[str]:
    yield "| File | ours, x floor | times faster than the libraries | peak MB | SSIM full, to the best |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, _size, results in sections:
        ours = results["ours"]
        if ours.error:
            yield f"| {name} | {ours.error} | | | |"
            continue
        median = statistics.median(ours.cpu)
        by_library = [
            f"{statistics.median(results[peer].cpu) / median:.1f}" for peer in LIBRARIES if results[peer].cpu
        ]
        best = max(results[peer].likeness.get("full", 0.0) for peer in LIBRARIES)
        likeness = ours.likeness["full"] - best
        times = median / statistics.median(results["floor"].cpu)
        yield f"| {name} | {times:.2f} | {', '.join(by_library)} | {max(ours.peak)} | {likeness:+.4f} |"


def _row(peer: str, result: Result, floor: Result) -> str:
    if result.error:
        return f"| {peer} | {result.error.replace('|', '/')} | | | | | |"
    median = statistics.median(result.cpu)
    cpu = f"{median:.0f} ({min(result.cpu):.0f} to {max(result.cpu):.0f})"
    times = f"{median / statistics.median(floor.cpu):.2f}"
    sizes = " / ".join(f"{result.sizes[name] / 1000:.0f}" for name in ("full", "share", "card", "tile"))
    if peer == "floor":
        # Its encoders get finished pixels, made by us before the clock starts.
        return f"| {peer} | {cpu} | {times} | | | | |"
    likeness = f"{result.likeness['full']:.4f} / {result.likeness['card']:.4f}"
    return f"| {peer} | {cpu} | {times} | {max(result.peak)} | {likeness} | {result.colours:.1f} | {sizes} |"


def _machine() -> str:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"on {os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    main()
