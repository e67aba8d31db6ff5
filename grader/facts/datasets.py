"""The data sets that Keras loads by name: their spellings, their form, and where their authors offer them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageSet:
    """A public set of images of classes."""

    title: str
    """As its authors write it."""
    spelling: str
    """Regular expression that finds it in a file's name, without regard to case."""
    image: tuple[int, ...]
    """Shape of one image, of whole numbers from 0 to 255."""
    label: tuple[int, ...]
    """Shape of one label: `()` for MNIST, `(1,)` for CIFAR, as Keras serves them."""
    classes: int
    rows: tuple[int, int]
    """Training and test rows of the complete data set."""


MNIST, FASHION, CIFAR10, CIFAR100 = "mnist", "fashion_mnist", "cifar10", "cifar100"

IMAGE_SETS = {
    MNIST: ImageSet("MNIST", r"(?<!fashion)(?<!fashion[-_])mnist", (28, 28), (), 10, (60_000, 10_000)),
    FASHION: ImageSet("Fashion-MNIST", r"fashion", (28, 28), (), 10, (60_000, 10_000)),
    CIFAR10: ImageSet("CIFAR-10", r"cifar[-_]?10(?!0)", (32, 32, 3), (1,), 10, (50_000, 10_000)),
    CIFAR100: ImageSet("CIFAR-100", r"cifar[-_]?100", (32, 32, 3), (1,), 100, (50_000, 10_000)),
}
"""Name in `keras.datasets` -> what it is."""

OPENML = {
    "mnist_784": MNIST,
    "fashion-mnist": FASHION,
    "cifar_10": CIFAR10,
    "554": MNIST,
    "40996": FASHION,
    "40927": CIFAR10,
}
"""Names, in lower case, and numbers at openml.org -> names in `keras.datasets`."""

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
"""The names that Keras uses in `mnist.npz`."""

LARGEST_PIXEL = 255
"""The largest value of a byte: white, in all of these sets."""

WORDS = frozenset({"mnist", "cifar"})
"""What groups call the data sets in their prints, in lower case."""


def training_rows(name: str | None) -> int | None:
    """How many training rows the complete data set `name` has; `None` for one that is not known here."""
    known = IMAGE_SETS.get(name or "")
    return known.rows[0] if known else None


def image_set_in(text: str) -> str | None:
    """The name of the data set that `text`, such as a file's name, names; `None` where it names none."""
    # The plain digits come last: what is called after them, as `fashion_for_mnist`, is another set.
    found = (name for name, known in reversed(IMAGE_SETS.items()) if re.search(known.spelling, text, re.IGNORECASE))
    return next(found, None)
