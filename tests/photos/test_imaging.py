"""photos.imaging and photos.decoding: real files of every kind through the real libraries."""

import os
import shutil
import struct
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photos import decoding, imaging
from photos.formats import ImageFormat
from photos.imaging import RefusedImage, RenditionSpec
from tests import pictures
from tests.pictures import BLUE, GREEN, RED, YELLOW

MOST_PIXELS, MOST_FRAMES = 50_000_000, 1_000
TILE = RenditionSpec("tile", 40, "webp", square=True)
CARD = RenditionSpec("card", 120, "webp", quality=95)
SHARE = RenditionSpec("share", 200, "jpeg", quality=95)
SPECS = (TILE, CARD, SHARE)
CORNERS = {
    "top left": (0.1, 0.1),
    "top right": (0.9, 0.1),
    "bottom left": (0.1, 0.9),
    "bottom right": (0.9, 0.9),
}


def inspect(data: bytes) -> imaging.ImageFacts:
    return imaging.inspect(data, max_pixels=MOST_PIXELS, max_frames=MOST_FRAMES)


def render(data: bytes, specs=SPECS, **options) -> list[imaging.Rendered]:
    return imaging.render(data, inspect(data), specs, **options)


def opened(rendered: imaging.Rendered) -> pyvips.Image:
    loader = pyvips.Image.webpload_buffer if rendered.spec.format == "webp" else pyvips.Image.jpegload_buffer
    return loader(rendered.data)


def colour_at(picture: pyvips.Image, across: float, down: float) -> list[float]:
    return picture(int(picture.width * across), int(picture.height * down))


def corners(rendered: imaging.Rendered) -> list[tuple[int, int, int]]:
    """Return which of the four test colours each corner is nearest to."""
    picture = opened(rendered)
    found = [colour_at(picture, *place) for place in CORNERS.values()]
    return [min((RED, GREEN, BLUE, YELLOW), key=lambda colour: _distance(colour, seen)) for seen in found]


def _distance(one, other) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=False))


# --- What is read before decoding ---------------------------------------------


@pytest.mark.parametrize(("kind", "data"), pictures.every_format().items())
def test_inspect_reads_every_accepted_format(kind, data):
    facts = inspect(data)

    size = (64, 48) if kind in {"moving", "gif"} else (160, 240) if kind == "jpeg" else (240, 160)
    assert (facts.width, facts.height) == size
    assert facts.frames == (3 if kind in {"moving", "gif"} else 1)


def test_inspect_tells_what_the_phone_wrote():
    facts = inspect(pictures.every_format()["jpeg"])

    assert facts.format is ImageFormat.JPEG
    assert facts.orientation == 6
    assert facts.taken_at == datetime.fromisoformat("2026-05-04 10:20:30")
    assert facts.camera == "Apple X"
    assert (facts.latitude, facts.longitude) == (52.5163, 13.3777)


def test_inspect_leaves_heic_turning_to_the_decoder_but_reads_its_exif():
    facts = inspect(pictures.sideways_heic())

    assert (facts.width, facts.height, facts.orientation) == (240, 160, 1)
    assert facts.latitude == 52.5163
    assert facts.camera == "Apple iPhone 17"


def test_inspect_sees_alpha():
    assert inspect(pictures.alpha_png()).has_alpha
    assert not inspect(pictures.jpeg()).has_alpha


@pytest.mark.parametrize(
    ("data", "code", "found", "allowed"),
    [
        (pictures.png_bomb(), "too_many_pixels", 900_000_000, MOST_PIXELS),
        (pictures.lying_jpeg(60_000, 60_000), "too_many_pixels", 3_600_000_000, MOST_PIXELS),
        (pictures.gif_of(1_001), "too_many_frames", 1_001, MOST_FRAMES),
        (pictures.page_called_jpg(), "wrong_type", "a web page", "JPEG, PNG, WebP, GIF, AVIF, HEIC"),
        (b"", "wrong_type", "an empty file", "JPEG, PNG, WebP, GIF, AVIF, HEIC"),
        (pictures.jpeg()[:20], "damaged", "JPEG", ""),
        (pictures.sideways_heic()[:100], "damaged", "HEIC", ""),
    ],
)
def test_inspect_refuses_with_both_numbers(data, code, found, allowed):
    with pytest.raises(RefusedImage) as refusal:
        inspect(data)

    assert (refusal.value.code, refusal.value.found, refusal.value.allowed) == (code, found, allowed)


def test_refusal_is_a_sentence_with_both_numbers():
    error = RefusedImage("too_many_pixels", found=900_000_000, allowed=50_000_000)

    assert str(error) == "It has 900,000,000 pixels; at most 50,000,000 are allowed."


def test_inspect_takes_what_is_exactly_at_the_limits():
    facts = imaging.inspect(pictures.gif_of(3), max_pixels=1, max_frames=3)

    assert facts.frames == 3


# --- Sizes --------------------------------------------------------------------


@pytest.mark.parametrize("kind", pictures.every_format())
def test_render_makes_every_rendition_of_every_format(kind):
    data = pictures.every_format()[kind]

    rendered = render(data)

    assert [made.spec for made in rendered] == list(SPECS)
    for made in rendered:
        picture = opened(made)
        assert (picture.width, picture.height) == (made.width, made.height)
        assert max(made.width, made.height) <= made.spec.longest_side
    assert (rendered[0].width, rendered[0].height) == (40, 40)


@pytest.mark.parametrize(
    ("size", "tile", "card"),
    [
        ((3000, 2000), (160, 160), (480, 320)),
        ((2001, 1333), (160, 160), (480, 320)),
        ((100, 80), (80, 80), (100, 80)),
        ((1, 1), (1, 1), (1, 1)),
        # The square needs more of a panorama than the card does: it is made first, and is not blown up.
        ((4000, 200), (160, 160), (480, 24)),
        ((3000, 1), (1, 1), (480, 1)),
    ],
)
def test_render_gives_exact_sizes_and_never_enlarges(size, tile, card):
    specs = (RenditionSpec("card", 480, "webp"), RenditionSpec("tile", 160, "webp", square=True))

    made_card, made_tile = render(pictures.jpeg(*size), specs)

    assert (made_tile.width, made_tile.height) == tile
    assert (made_card.width, made_card.height) == card


def test_render_of_nothing_wanted_is_nothing():
    assert render(pictures.jpeg(), ()) == []


def test_square_shows_the_middle():
    plain = pictures.quadrants(300, 100, (RED, RED, RED, RED))
    plain.paste(BLUE, (100, 0, 200, 100))

    (tile,) = render(pictures.saved(plain, "PNG"), (TILE,))

    assert _distance(opened(tile).shrink(40, 40)(0, 0), BLUE) < 12


# --- Upright ------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_render_obeys_every_exif_orientation(orientation):
    data = pictures.turned_jpeg(orientation)

    for made in render(data, (CARD, SHARE)):
        assert corners(made) == [RED, GREEN, BLUE, YELLOW]
        assert made.width > made.height


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, [RED, GREEN, BLUE, YELLOW]),
        (90, [BLUE, RED, YELLOW, GREEN]),
        (180, [YELLOW, BLUE, GREEN, RED]),
        (270, [GREEN, YELLOW, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("orientation", [1, 5, 6])
def test_render_turns_clockwise_on_top_of_the_orientation(orientation, rotation, expected):
    (made,) = render(pictures.turned_jpeg(orientation), (SHARE,), rotation=rotation)

    assert corners(made) == expected
    assert (made.width > made.height) == (rotation in {0, 180})


def test_render_shows_a_sideways_heic_upright():
    (made,) = render(pictures.sideways_heic(), (SHARE,))

    assert corners(made) == [RED, GREEN, BLUE, YELLOW]
    assert (made.width, made.height) == (200, 133)


def test_render_refuses_a_rotation_that_is_none():
    with pytest.raises(ValueError, match="45"):
        render(pictures.jpeg(), rotation=45)


# --- Colours, alpha, frames ---------------------------------------------------


def test_render_converts_a_wide_gamut_to_srgb():
    data = pictures.p3_jpeg()
    stored = pyvips.Image.jpegload_buffer(data)

    for made in render(data, (CARD, SHARE)):
        for place, patch in zip(CORNERS.values(), pictures.PATCHES, strict=True):
            assert _distance(colour_at(opened(made), *place), patch) <= 5
    # Else nothing above would show that something was converted.
    assert _distance(colour_at(stored, 0.1, 0.1), pictures.PATCHES[0]) > 12


def test_render_leaves_colours_alone_where_the_profile_is_srgb():
    data = pictures.jpeg(icc_profile=pictures.srgb_profile())

    (made,) = render(data, (SHARE,))

    assert corners(made) == [RED, GREEN, BLUE, YELLOW]
    assert _distance(colour_at(opened(made), 0.1, 0.1), RED) <= 4


def test_render_takes_a_broken_profile_for_srgb():
    data = pictures.jpeg(icc_profile=b"no profile at all" * 20)

    (made,) = render(data, (SHARE,))

    assert _distance(colour_at(opened(made), 0.1, 0.1), RED) <= 4


@pytest.mark.parametrize(
    "profile", [b"", pictures.cmyk_profile(), pictures.p3_profile()], ids=["none", "ink", "another space's"]
)
def test_render_turns_ink_into_light(profile):
    (made,) = render(pictures.cmyk_jpeg(profile), (SHARE,))

    picture = opened(made)
    red, green, blue = colour_at(picture, 0.25, 0.5)
    assert picture.bands == 3
    assert red > 200
    assert green < 90
    assert blue < 90
    assert min(colour_at(picture, 0.75, 0.5)) > 245


def test_render_reads_sixteen_bits_as_light_as_they_are():
    grey = pictures.quadrants(64, 64, ((128,) * 3,) * 4).convert("L")
    deep = grey.convert("I").point(lambda value: value * 257).convert("I;16")

    (made,) = render(pictures.saved(deep, "PNG"), (SHARE,))

    assert _distance(colour_at(opened(made), 0.5, 0.5), (128, 128, 128)) <= 3


def test_render_keeps_alpha_in_webp_and_puts_white_below_it_in_jpeg():
    card, share = render(pictures.alpha_png(), (CARD, SHARE))

    webp, jpeg = opened(card), opened(share)
    assert webp.bands == 4
    assert colour_at(webp, 0.01, 0.01)[3] == 0
    assert abs(colour_at(webp, 0.5, 0.5)[3] - 128) <= 3
    assert jpeg.bands == 3
    assert min(colour_at(jpeg, 0.01, 0.01)) >= 250
    assert _distance(colour_at(jpeg, 0.5, 0.5), (255, 127, 127)) <= 6


def test_render_keeps_invisible_colours_out_of_the_edges():
    # The ground is stored as green with alpha 0: unweighted, the disc would get a green rim.
    (card,) = render(pictures.alpha_png(), (RenditionSpec("card", 60, "webp", quality=100),))

    picture = opened(card)
    seen = picture[3] > 20
    assert (seen.ifthenelse(picture[1], 0)).max() < 60


@pytest.mark.parametrize("kind", ["moving", "gif"])
def test_render_shows_the_first_frame_of_an_animation(kind):
    card, share = render(pictures.every_format()[kind], (CARD, SHARE))

    for made in (card, share):
        picture = opened(made)
        assert picture.get_typeof("n-pages") == 0
        assert _distance(colour_at(picture, 0.5, 0.5), RED) <= 8


def test_render_shows_the_first_picture_of_an_mpo():
    (made,) = render(pictures.mpo(), (SHARE,))

    assert corners(made) == [RED, GREEN, BLUE, YELLOW]


# --- Nothing but pixels -------------------------------------------------------


def _riff_chunks(data: bytes) -> list[bytes]:
    names, at = [], 12
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        names.append(data[at : at + 4])
        at += 8 + size + size % 2
    return names


def _jpeg_segments(data: bytes) -> list[int]:
    markers, at = [], 2
    while data[at + 1] != 0xDA:
        markers.append(data[at + 1])
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return markers


@pytest.mark.parametrize(
    "data",
    [pictures.with_comment(), pictures.every_format()["jpeg"], pictures.p3_jpeg(), pictures.sideways_heic()],
    ids=["comment", "gps", "profile", "heic"],
)
def test_render_leaves_no_metadata(data):
    tile, card, share = render(data)

    for webp in (tile, card):
        assert set(_riff_chunks(webp.data)) <= {b"VP8 ", b"VP8L", b"ALPH"}
    # Of the application segments only APP0: JFIF's density. No COM (0xFE), no EXIF, XMP, ICC, IPTC.
    assert {marker for marker in _jpeg_segments(share.data) if marker >= 0xE0} <= {0xE0}
    for made in (tile, card, share):
        for word in (b"<?php", b"<script", b"Exif", b"adobe", b"Apple", b"ICC"):
            assert word not in made.data


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_no_metadata_either(tmp_path):
    data = pictures.every_format()["jpeg"]
    (tmp_path / "original.jpg").write_bytes(data)
    for made in render(data):
        (tmp_path / f"{made.spec.name}.{made.spec.format}").write_bytes(made.data)

    command = [
        "exiftool",
        "-a",
        "-G0",
        "-s",
        "-EXIF:all",
        "-XMP:all",
        "-IPTC:all",
        "-GPS:all",
        "-ICC_Profile:all",
    ]
    answer = subprocess.run([*command, "-Comment", str(tmp_path)], capture_output=True, text=True, check=True)

    assert "GPSLatitude" in answer.stdout
    for name in ("tile.webp", "card.webp", "share.jpeg"):
        section = answer.stdout.split(name, 1)[1].split("========", 1)[0]
        assert "[" not in section


# --- Hostile files ------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["jpeg", "progressive", "png", "alpha", "webp", "lossless", "gif", "avif", "heic"]
)
@pytest.mark.parametrize("share", [0.3, 0.55, 0.9])
def test_a_file_that_was_cut_short_is_refused(kind, share):
    data = pictures.every_format()[kind]
    if kind == "gif":
        data = pictures.saved(pictures.detailed(240, 160), "GIF")

    with pytest.raises(RefusedImage) as refusal:
        render(pictures.truncated(data, share))

    assert refusal.value.code == "damaged"


def test_a_header_that_tells_more_rows_than_there_are_is_refused():
    with pytest.raises(RefusedImage) as refusal:
        render(pictures.lying_png(told=4_000, held=4))

    assert refusal.value.code == "damaged"


def test_a_heic_that_holds_another_size_than_it_tells_is_refused():
    data = pictures.sideways_heic()
    at = data.index(b"ispe") + 8
    small = data[:at] + struct.pack(">II", 16, 24) + data[at + 8 :]

    with pytest.raises(RefusedImage):
        render(small)


SAMPLES = tuple(pictures.every_format(48, 32).values())


@st.composite
def damaged_files(draw) -> bytes:
    """Return a real file with bytes changed, taken out, put in twice, or cut off."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["change", "number", "remove", "repeat", "cut"])):
            case "change":
                data[at] = draw(st.integers(0, 255))
            case "number":
                data[at : at + 4] = struct.pack(
                    ">I", draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65_535]))
                )
            case "remove":
                del data[at : at + draw(st.integers(1, 16))]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "cut":
                del data[at:]
        if not data:
            return b""
    return bytes(data)


@settings(max_examples=400, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow])
@given(damaged_files())
def test_damaged_files_are_rendered_or_refused_and_nothing_else(data):
    try:
        facts = imaging.inspect(data, max_pixels=100_000, max_frames=10)
        assert facts.width * facts.height <= 100_000
        rendered = imaging.render(data, facts, (TILE, SHARE))
    except RefusedImage:
        return
    assert all(made.data for made in rendered)


def test_a_loader_that_no_accepted_format_needs_is_blocked():
    data = pictures.saved(pictures.quadrants(), "TIFF")

    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_buffer(data, "")


def _in_a_process(code: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds the project, in a folder of its own."""
    project = str(Path(imaging.__file__).resolve().parent.parent)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": project},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# VmHWM, not ru_maxrss: the latter starts with what the process that forked this one had used.
_UNDER_A_LIMIT = """
    from pathlib import Path
    from photos import imaging
    data = open("photo", "rb").read()
    held = bytearray({held} * 1024 * 1024)  # never touched: counted, but not resident
    imaging.limit_memory({megabytes} * 1024 * 1024)
    facts = imaging.inspect(data, max_pixels=50_000_000, max_frames=1)
    try:
        made = imaging.render(data, facts, [imaging.RenditionSpec("full", 1600, "webp")])
        print("made", made[0].width)
    except (imaging.RefusedImage, MemoryError) as error:
        print("refused", error)
    status = Path("/proc/self/status").read_text().splitlines()
    print(*(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def heavy_png() -> bytes:
    """An interlaced PNG of 36 MP, which must be whole in memory: 108 MB of pixels."""
    picture = pyvips.Image.black(7_200, 5_000, bands=3).copy(interpretation="srgb")
    return picture.pngsave_buffer(interlace=True, compression=1)


def test_memory_limit_lets_a_heavy_photo_pass(tmp_path, heavy_png):
    (tmp_path / "photo").write_bytes(heavy_png)

    run = _in_a_process(_UNDER_A_LIMIT.format(held=0, megabytes=768), folder=tmp_path)

    assert run.stdout.startswith("made 1600"), run.stdout + run.stderr
    assert int(run.stdout.split()[-1]) < 250


def test_memory_limit_does_not_count_what_the_process_held_before(tmp_path, heavy_png):
    (tmp_path / "photo").write_bytes(heavy_png)

    run = _in_a_process(_UNDER_A_LIMIT.format(held=900, megabytes=768), folder=tmp_path)

    assert run.stdout.startswith("made 1600"), run.stdout + run.stderr


def test_memory_limit_stops_a_photo_that_wants_more(tmp_path, heavy_png):
    (tmp_path / "photo").write_bytes(heavy_png)

    run = _in_a_process(_UNDER_A_LIMIT.format(held=0, megabytes=100), folder=tmp_path)

    # A library may also end the process; then the worker's child dies alone and its claim goes stale.
    assert run.returncode != 0 or run.stdout.startswith("refused"), run.stdout
    if run.returncode == 0:
        assert int(run.stdout.split()[-1]) < 130


def test_a_child_of_a_process_that_decoded_says_so_instead_of_hanging(tmp_path):
    (tmp_path / "photo").write_bytes(pictures.jpeg())
    code = """
        import os
        from photos import imaging
        data = open("photo", "rb").read()
        facts = imaging.inspect(data, max_pixels=10**6, max_frames=1)
        child = os.fork()
        if not child:
            imaging.render(data, facts, [imaging.RenditionSpec("tile", 40, "webp")])
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """

    run = _in_a_process(code, folder=tmp_path)

    assert run.returncode == 1
    assert decoding.UsedBeforeFork.__name__ in run.stderr
