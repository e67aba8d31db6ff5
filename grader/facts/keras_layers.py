"""Keras' layers and their roles: what each kind of layer does to what goes through it.

The names are those of `keras.layers` in Keras 3. A layer stands in the role that tells most of it, so that the roles up
to `CODE` share no name; the sets after them are made of these.
"""

from __future__ import annotations

INPUT = frozenset({"InputLayer"})

RESHAPING = frozenset({"Flatten", "Reshape", "Permute", "RepeatVector"})
"""Rearrange or repeat numbers and change none."""

RESIZING = frozenset(
    """
    Resizing CenterCrop Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D
    ZeroPadding2D ZeroPadding3D
    """.split()
)
"""Change how many numbers there are, and keep their range."""

SCALING = frozenset({"Rescaling", "Normalization"})
"""Bring numbers into another range by constants that stand before the training."""

ADAPTING = frozenset({"Normalization"})
"""Learn their constants from data, by `adapt`, before the training."""

NORMALISING = frozenset({"BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"})
"""Bring numbers into one range by the statistics of the numbers themselves."""

MOVING = frozenset({"RandomCrop", "RandomFlip", "RandomTranslation", "RandomRotation", "RandomZoom"})
"""Augmentation that moves pixels about and keeps their range."""

TONING = frozenset({"RandomContrast", "RandomBrightness"})
"""Augmentation that makes pixels brighter or darker, within their range."""

DROPPING = frozenset(
    """
    Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D
    """.split()
)
"""Disturb what they are given while a model is trained, and do nothing afterwards."""

PENALISING = frozenset({"ActivityRegularization"})
"""Add to the loss alone."""

PASSING = frozenset({"Masking", "Identity"})
"""Hand on what they are given."""

DENSE = frozenset({"Dense", "EinsumDense"})

CONVOLUTION = frozenset(
    """
    Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D Conv1DTranspose Conv2DTranspose Conv3DTranspose
    """.split()
)

DEPTHWISE = frozenset({"DepthwiseConv1D", "DepthwiseConv2D"})
"""Convolve each channel by itself, so that they have no number of filters."""

POOLING = frozenset(
    """
    MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    """.split()
)

RECURRENT = frozenset({"SimpleRNN", "LSTM", "GRU"})

CELLS = frozenset({"SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"})
"""One step of a recurrent layer."""

ATTENTION = frozenset({"MultiHeadAttention", "Attention", "AdditiveAttention"})

EMBEDDING = frozenset({"Embedding"})

ENCODING = frozenset({"CategoryEncoding"})
"""Turn class numbers into rows of zeros and ones."""

WRAPPING = frozenset({"RNN", "Bidirectional", "TimeDistributed", "SpectralNormalization"})
"""Hold another layer or a cell, which does the work."""

ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "Softmax": "softmax",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "PReLU": "prelu",
}
"""Layers that are an activation -> the activation."""

ACTIVATING = frozenset({"Activation", *ACTIVATION_LAYERS})

BROADCASTING = frozenset({"Average", "Maximum", "Minimum", "Add", "Subtract", "Multiply"})
"""Join several tensors number by number."""

MERGING = BROADCASTING | {"Concatenate", "Dot"}

CODE = frozenset({"Lambda", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TFSMLayer"})
"""Hold code, or a graph from a file: what they do cannot be read from their configuration."""

STANDARD = frozenset[str]().union(
    *(INPUT, RESHAPING, RESIZING, SCALING, NORMALISING, MOVING, TONING, DROPPING, PENALISING, PASSING, DENSE),
    *(CONVOLUTION, DEPTHWISE, POOLING, RECURRENT, CELLS, ATTENTION, EMBEDDING, ENCODING, WRAPPING, ACTIVATING, MERGING),
)
"""Layers that their configuration tells whole, without code, files or tables of words: the trainer builds these and no
others. Another name here changes what is trained on the host: it needs its costs in `grader/training` too."""

MODELS = frozenset({"Sequential", "Functional"})
"""Kinds of models that their configuration tells whole."""

ALIASES = {
    **{f"MaxPool{n}D": f"MaxPooling{n}D" for n in (1, 2, 3)},
    **{f"AvgPool{n}D": f"AveragePooling{n}D" for n in (1, 2, 3)},
    **{f"Convolution{n}D": f"Conv{n}D" for n in (1, 2, 3)},
}
"""Second names in `keras.layers` -> class names."""

INPUT_SHAPING = INPUT | SCALING | {"Flatten", "Reshape"}
"""Bring the input into the form that a network wants: two networks that differ in these alone are the same design."""

SHAPING = INPUT | {"Flatten"}
"""Layers that a printed summary may leave out, as the input may be given flat or by an argument."""

AUGMENTING = MOVING | TONING

INACTIVE = DROPPING | AUGMENTING | PENALISING
"""Do nothing when a trained model is asked."""

WEIGHTED = DENSE | CONVOLUTION | DEPTHWISE | RECURRENT | EMBEDDING | ATTENTION
"""Multiply what they are given by weights of their own."""

KEEPING_SHAPE = (
    (ACTIVATING - {"PReLU"})
    | PASSING
    | DROPPING
    | PENALISING
    | TONING
    | (MOVING - {"RandomCrop"})
    | {
        "UnitNormalization",
        "Rescaling",
    }
)
"""Without weights, and with an output of the input's shape."""


SETTINGS: dict[str, tuple[str, ...]] = {
    "Dense": ("units", "activation"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "activation"),
    "Conv1D": ("filters", "kernel_size", "strides", "padding", "activation"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "Dropout": ("rate",),
    "SpatialDropout2D": ("rate",),
    "LSTM": ("units", "activation"),
    "GRU": ("units", "activation"),
}
"""Layer -> the arguments that make two of its kind another design."""

ARITHMETIC = frozenset({"TrueDivide", "Divide", "Multiply", "Add", "Subtract"})
"""Operations (`keras.ops`) with one number, as `inputs / 255` makes them in a functional model."""

CASTING = frozenset({"Cast", "ExpandDims", "Squeeze", "Transpose"})
"""Operations that change a tensor's type or form and none of its values."""

KEEPING_RANGE = INPUT | RESHAPING | RESIZING | AUGMENTING | DROPPING | PENALISING | PASSING | POOLING | CASTING
"""Hand on pixels in the range in which they came, as far as it matters for training."""
