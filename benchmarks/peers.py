"""Who `benchmarks.renditions` measures: each makes the same renditions, as its manual shows.

A peer is called with the file and the specs, and returns the function that is measured: from a
file's bytes to each spec's encoded bytes. Sizes and qualities are given, else its defaults count.
Imports happen inside, because a process measures one peer and must not carry the others.
"""

# ruff: noqa: PLC0415 - see above: a peer's memory would be measured with all the others' libraries

import io
from collections.abc import Callable, Sequence
from typing import Any

from photos.imaging import RenditionSpec

Outputs = list[bytes]
Work = Callable[[bytes], Outputs]
Peer = Callable[[bytes, Sequence[RenditionSpec]], Work]


def ours(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """`photos.imaging`: facts, then renditions."""
    from photos import imaging

    def work(photo: bytes) -> Outputs:
        facts = imaging.inspect(photo, max_pixels=50_000_000, max_frames=1)
        return [made.data for made in imaging.render(photo, facts, specs)]

    return work


def floor(data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """Only the decoder (libjpeg-turbo's scaled one) and the encoders, with our effort and quality."""
    from PIL import Image

    from photos import imaging

    _open_heic_by_pillow()
    facts = imaging.inspect(data, max_pixels=50_000_000, max_frames=1)
    pixels = []
    for made in imaging.render(data, facts, specs):
        picture = Image.open(io.BytesIO(made.data))
        picture.load()
        pixels.append(picture)
    most = max(spec.longest_side for spec in specs)
    alpha = facts.has_alpha

    def work(photo: bytes) -> Outputs:
        picture = Image.open(io.BytesIO(photo))
        picture.draft("RGB", (most, round(most * min(picture.size) / max(picture.size))))
        picture.load()
        hasty = {"method": 0} if alpha else {"method": 2, "more": 2}
        return [_saved(made, spec, **hasty) for made, spec in zip(pixels, specs, strict=True)]

    return work


def pillow(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """Pillow as its manual shows it: open, exif_transpose, a thumbnail of a copy for each size, save."""
    from PIL import Image, ImageOps

    _open_heic_by_pillow()

    def work(photo: bytes) -> Outputs:
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(photo)))
        outputs = []
        for spec in specs:
            copy = upright.copy()
            if spec.square:
                copy = ImageOps.fit(copy, (spec.longest_side, spec.longest_side))
            else:
                copy.thumbnail((spec.longest_side, spec.longest_side))
            outputs.append(_saved(copy, spec))
        return outputs

    return work


def plain_pyvips(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """Pyvips as its manual shows it: thumbnail_buffer for each size."""
    import pyvips

    def work(photo: bytes) -> Outputs:
        outputs = []
        for spec in specs:
            side = spec.longest_side
            options = {"crop": "centre"} if spec.square else {"size": "down"}
            picture = pyvips.Image.thumbnail_buffer(photo, side, height=side, **options)
            if spec.format == "webp":
                outputs.append(picture.webpsave_buffer(Q=spec.quality))
            else:
                outputs.append(picture.jpegsave_buffer(Q=spec.quality, background=255))
        return outputs

    return work


def easy_thumbnails(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """easy-thumbnails: one Thumbnailer, generate_thumbnail for each size."""
    _django("easy_thumbnails")
    _open_heic_by_pillow()
    from easy_thumbnails.files import Thumbnailer

    def work(photo: bytes) -> Outputs:
        outputs = []
        for spec in specs:
            thumbnailer = Thumbnailer(file=io.BytesIO(photo), name="photo.jpg")
            thumbnailer.thumbnail_extension = "webp" if spec.format == "webp" else "jpg"
            thumbnailer.thumbnail_transparency_extension = thumbnailer.thumbnail_extension
            options = {"size": (spec.longest_side,) * 2, "crop": spec.square, "quality": spec.quality}
            outputs.append(thumbnailer.generate_thumbnail(options).read())
        return outputs

    return work


def sorl(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """sorl-thumbnail: what its backend does for each get_thumbnail, without its key-value store."""
    _django("sorl.thumbnail")
    _open_heic_by_pillow()
    from sorl.thumbnail.base import ThumbnailBackend
    from sorl.thumbnail.engines.pil_engine import Engine
    from sorl.thumbnail.parsers import parse_geometry

    engine = Engine()

    def work(photo: bytes) -> Outputs:
        outputs = []
        for spec in specs:
            options: dict[str, Any] = {
                **ThumbnailBackend.default_options,
                "format": spec.format.upper(),
                "quality": spec.quality,
                "upscale": False,
                "crop": "center" if spec.square else False,
            }
            source = engine.prepare(engine.get_image(io.BytesIO(photo)), options)
            info = options["image_info"] = engine.get_image_info(source)
            geometry = parse_geometry(
                f"{spec.longest_side}x{spec.longest_side}", engine.get_image_ratio(source, options)
            )
            picture = engine.create(source, geometry, options)
            outputs.append(
                engine._get_raw_data(picture, options["format"], spec.quality, info, progressive=True)
            )
        return outputs

    return work


def imagekit(_data: bytes, specs: Sequence[RenditionSpec]) -> Work:
    """django-imagekit: one ImageSpec for each size."""
    _django("imagekit")
    _open_heic_by_pillow()
    from django.core.files.base import ContentFile
    from imagekit import ImageSpec
    from imagekit.processors import ResizeToFill, ResizeToFit, Transpose

    def work(photo: bytes) -> Outputs:
        outputs = []
        for spec in specs:
            side = spec.longest_side
            resize = ResizeToFill(side, side) if spec.square else ResizeToFit(side, side, upscale=False)
            generator = ImageSpec(source=ContentFile(photo, name="photo.jpg"))
            generator.processors = [Transpose(), resize]
            generator.format = spec.format.upper()
            generator.options = {"quality": spec.quality}
            outputs.append(generator.generate().read())
        return outputs

    return work


PEERS: dict[str, Peer] = {
    "floor": floor,
    "ours": ours,
    "pyvips": plain_pyvips,
    "Pillow": pillow,
    "easy-thumbnails": easy_thumbnails,
    "sorl-thumbnail": sorl,
    "django-imagekit": imagekit,
}
LIBRARIES = ("easy-thumbnails", "sorl-thumbnail", "django-imagekit")


def _saved(picture: Any, spec: RenditionSpec, *, more: int = 0, **options: Any) -> bytes:
    target = io.BytesIO()
    if spec.format == "jpeg":
        picture.convert("RGB").save(target, "JPEG", quality=spec.quality)
    else:
        picture.save(target, "WEBP", quality=spec.quality + more, **options)
    return target.getvalue()


def _open_heic_by_pillow() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _django(app: str) -> None:
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="benchmark",
        INSTALLED_APPS=["django.contrib.contenttypes", app],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
        USE_TZ=True,
    )
    django.setup()
