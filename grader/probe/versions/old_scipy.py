"""`scipy.misc`'s pictures, done with Pillow as SciPy did them, and functions of NumPy that are gone."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from grader.facts.versions.scientific import MADE
from grader.probe.link import patch
from grader.probe.versions.noting import Note

When = Callable[[str, Callable[[ModuleType], None]], None]
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

_ZOOMS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}
_PICTURES = "scipy.misc"


def install(when: When, note: Note) -> None:
    """Give `scipy.misc` and NumPy what they had."""
    when(_PICTURES, lambda module: patch(module, __getattr__=_finder(module, _misc(note))))
    when("scipy.ndimage", lambda module: patch(module, __getattr__=_finder(module, {"imread": _misc(note)["imread"]})))
    when("numpy", lambda module: patch(module, __getattr__=_finder(module, _numbers(note))))


def _finder(module: ModuleType, made: dict[str, Callable[..., object]]) -> Callable[[str], object]:
    original: Callable[[str], object] | None = getattr(module, "__getattr__", None)

    def find(name: str) -> object:
        if name in made:
            return made[name]
        if original is not None:
            return original(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    return find


def _numbers(note: Note) -> dict[str, Callable[..., object]]:
    def told(key: str, work: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            note(key)
            return work(*arguments, **more)

        return call

    return {
        "asscalar": told("np.asscalar", lambda a: np.asarray(a).item()),
        "asfarray": told("np.asfarray", lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)),
        "msort": told("np.msort", lambda a: np.sort(a, axis=0)),
    }


def bytescale(data: Array, low: int = 0, high: int = 255) -> Pixels:
    """`data` stretched over 0 to 255, as SciPy did before it made a picture of anything but bytes."""
    if data.dtype == np.dtype(np.uint8):
        return np.asarray(data, dtype=np.uint8)
    smallest, largest = float(data.min()), float(data.max())
    span = (largest - smallest) or 1.0
    scaled = (data - smallest) * ((high - low) / span) + low
    return np.asarray(scaled.clip(low, high) + 0.5, dtype=np.uint8)


def _misc(note: Note) -> dict[str, Callable[..., object]]:
    from PIL import Image

    def told() -> None:
        note(_PICTURES)

    def imread(name: str, flatten: bool = False, mode: str | None = None) -> object:
        told()
        picture: Image.Image = Image.open(name)
        picture = picture.convert(mode) if mode else picture
        return np.array(picture.convert("F") if flatten else picture)

    def toimage(arr: Array, *arguments: object, **more: object) -> Image.Image:
        told()
        return Image.fromarray(bytescale(np.asarray(arr)))

    def imsave(name: str, arr: Array, format: str | None = None) -> None:  # noqa: A002 - its name in SciPy
        toimage(arr).save(name, format=format)

    def imresize(arr: Array, size: object, interp: str = "bilinear", mode: str | None = None) -> object:
        picture = toimage(arr)
        height, width = np.asarray(arr).shape[:2]
        if isinstance(size, int):
            wanted = (width * size // 100, height * size // 100)
        elif isinstance(size, float):
            wanted = (int(width * size), int(height * size))
        else:
            wanted = (size[1], size[0])  # type: ignore[index]
        return np.array(picture.resize(wanted, resample=Image.Resampling(_ZOOMS[interp])))

    def imrotate(arr: Array, angle: float, interp: str = "bilinear") -> object:
        return np.array(toimage(arr).rotate(angle, resample=Image.Resampling(_ZOOMS[interp])))

    def imshow(arr: Array) -> None:
        from matplotlib import pyplot

        told()
        pyplot.imshow(np.asarray(arr), cmap="gray")

    def special(name: str) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            import scipy.special

            told()
            return getattr(scipy.special, name)(*arguments, **more)

        return call

    return {
        "imread": imread,
        "imresize": imresize,
        "imsave": imsave,
        "imrotate": imrotate,
        "imshow": imshow,
        "toimage": toimage,
        "bytescale": bytescale,
        **{name: special(name) for name in ("logsumexp", "comb", "factorial")},
    }


assert _PICTURES in MADE
