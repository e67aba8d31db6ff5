"""What Keras 1 and 2 said by place, in several arguments, or by leaving one out: a reader for each form."""

from __future__ import annotations

from collections.abc import Callable

from grader.facts.keras import CONVOLUTION, POOLING, RECURRENT
from grader.probe.versions.noting import Note

Places = list[object]
Named = dict[str, object]
Adapter = Callable[[Places, Named, Note], None]

_INITIALIZERS = frozenset(
    """
    uniform lecun_uniform normal identity orthogonal zero one glorot_normal glorot_uniform he_normal he_uniform
    """.split()
)
"""Words that Keras 1 took for an initializer; none is an activation."""
_KERAS_1_ONLY = ("border_mode", "subsample", "nb_row", "nb_col", "dim_ordering", "init", "W_regularizer", "bias")
_DEFAULT_EPSILON = 1e-7


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _dense(places: Places, more: Named, note: Note) -> None:
    if len(places) < 2:
        return
    if _whole(places[0]) and _whole(places[1]):
        note("Dense(inputs, units)")
        more.setdefault("input_shape", (places[0],))
        places[:2] = [places[1]]
    elif isinstance(places[1], str) and places[1] in _INITIALIZERS:
        note("Dense(units, init)")
        more.setdefault("kernel_initializer", places[1])
        rest = places[2:]
        if rest:
            more.setdefault("activation", rest[0])
        del places[1:]


def _two_sizes(places: Places, more: Named, note: Note) -> None:
    """`nb_row` and `nb_col`, by name or, beside another argument of Keras 1, by place."""
    if "nb_row" in more and "nb_col" in more:
        note("(nb_row=, nb_col=)")
        more["kernel_size"] = (more.pop("nb_row"), more.pop("nb_col"))
    elif "nb_col" in more and len(places) == 2:
        note("(nb_row=, nb_col=)")
        places[1] = (places[1], more.pop("nb_col"))
    elif len(places) == 3 and all(_whole(place) for place in places):
        if any(name in more for name in _KERAS_1_ONLY):
            note("(nb_row=, nb_col=)")
            places[1:] = [(places[1], places[2])]
        else:
            note("Conv2D(n, a, b)")


def _three_sizes(places: Places, more: Named, note: Note) -> None:
    names = ("kernel_dim1", "kernel_dim2", "kernel_dim3")
    if all(name in more for name in names):
        note("(kernel_dim1=, ...)")
        more["kernel_size"] = tuple(more.pop(name) for name in names)


def _both_initializers(places: Places, more: Named, note: Note) -> None:
    if "init" in more:
        note("init= of a separable convolution")
        more["depthwise_initializer"] = more["pointwise_initializer"] = more.pop("init")


def _sequence_input(places: Places, more: Named, note: Note) -> None:
    """`input_dim` and `input_length`, which were the last and the first axis of a sequence."""
    if "input_dim" in more:
        note("input_dim= of a sequence")
        more["input_shape"] = (more.pop("input_length", None), more.pop("input_dim"))


def _forget_bias(places: Places, more: Named, note: Note) -> None:
    if "forget_bias_init" in more:
        note("forget_bias_init=")
        more["unit_forget_bias"] = more.pop("forget_bias_init") == "one"


def _pool_size(axes: int) -> Adapter:
    def read(places: Places, more: Named, note: Note) -> None:
        if not places and not {"pool_size", "pool_length"} & more.keys():
            note("pooling without a size")
            more["pool_size"] = 2 if axes == 1 else (2,) * axes

    return read


def _pads(places: Places, more: Named, note: Note) -> None:
    given = more.get("padding", places[0] if places else None)
    if isinstance(given, dict):
        note("ZeroPadding2D(dict)")
        sides = [int(given.get(side, 0)) for side in ("top_pad", "bottom_pad", "left_pad", "right_pad")]
        del places[:1]
        more["padding"] = ((sides[0], sides[1]), (sides[2], sides[3]))


def _mode(places: Places, more: Named, note: Note) -> None:
    """Of the modes of BatchNormalization the first alone is left to be dropped: the others are no more."""
    if more.get("mode", 0) != 0:
        raise ValueError(f"Unrecognized keyword arguments passed to BatchNormalization: {{'mode': {more['mode']}}}")


def _grayscale(places: Places, more: Named, note: Note) -> None:
    if "grayscale" in more:
        note("load_img(grayscale=)")
        if more.pop("grayscale"):
            more["color_mode"] = "grayscale"


def _default_factors(places: Places, more: Named, note: Note) -> None:
    if not places and not more:
        note("l1_l2()")


ADAPTERS: dict[str, tuple[Adapter, ...]] = {
    "layers.Dense": (_dense,),
    **{f"layers.{name}": (_two_sizes,) for name in CONVOLUTION if "2D" in name and "Separable" not in name},
    **{f"layers.{name}": (_both_initializers, _two_sizes) for name in CONVOLUTION if name.startswith("Sep")},
    **{f"layers.{name}": (_three_sizes,) for name in CONVOLUTION if name.startswith("Conv3D")},
    "layers.Conv1D": (_sequence_input,),
    **{f"layers.{name}": (_sequence_input, _forget_bias) for name in RECURRENT},
    "layers.ConvLSTM2D": (_two_sizes, _forget_bias),
    **{f"layers.{name}": (_pool_size(int(name[-2])),) for name in POOLING if name.startswith("Average")},
    "layers.ZeroPadding2D": (_pads,),
    "layers.BatchNormalization": (_mode,),
    "utils.load_img": (_grayscale,),
    "regularizers.L1L2": (_default_factors,),
}
"""Owner -> what reads its arguments first."""
