"""What a training may consist of. Everything named here is plain Keras without code of anyone's own."""

from __future__ import annotations

from grader.facts.keras import (
    CALLBACKS,
    LOSS_ALIASES,
    LOSS_OPTIONS,
    LOSSES,
    METRIC_CLASSES,
    METRIC_NAMES,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
)
from grader.facts.keras import STANDARD as LAYERS

__all__ = [
    "ACTIVATIONS",
    "CALLBACKS",
    "CONSTRAINTS",
    "DTYPES",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "LOSS_ALIASES",
    "LOSS_OPTIONS",
    "METRIC_CLASSES",
    "METRIC_NAMES",
    "MODELS",
    "OPTIMIZERS",
    "REGULARIZERS",
    "SCHEDULES",
]

INITIALIZERS = frozenset(
    """
    Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Identity Orthogonal
    GlorotUniform GlorotNormal HeUniform HeNormal LecunUniform LecunNormal
    """.split()
)

REGULARIZERS = frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"})

CONSTRAINTS = frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"})

ACTIVATIONS = frozenset(
    """
    relu leaky_relu relu6 softmax celu elu selu softplus softsign squareplus soft_shrink sparse_plus silu swish
    gelu glu tanh tanh_shrink sigmoid exponential hard_sigmoid hard_silu hard_swish hard_tanh hard_shrink linear
    mish log_softmax log_sigmoid sparse_sigmoid sparsemax threshold
    """.split()
)

DTYPES = frozenset(
    """
    float16 bfloat16 float32 float64 mixed_float16 mixed_bfloat16 uint8 int8 int16 int32 int64 bool
    """.split()
)
