"""What a training may consist of. Everything named here is plain Keras without code of anyone's own."""

from __future__ import annotations

LAYERS = frozenset(
    """
    InputLayer Dense Activation Embedding Masking EinsumDense Identity Conv1D Conv2D Conv3D SeparableConv1D
    SeparableConv2D DepthwiseConv1D DepthwiseConv2D Conv1DTranspose Conv2DTranspose Conv3DTranspose MaxPooling1D
    MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    SimpleRNN LSTM GRU SimpleRNNCell LSTMCell GRUCell RNN StackedRNNCells Bidirectional TimeDistributed
    BatchNormalization LayerNormalization GroupNormalization UnitNormalization SpectralNormalization Dropout
    AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D
    ActivityRegularization Reshape Flatten RepeatVector Permute Cropping1D Cropping2D Cropping3D UpSampling1D
    UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D Concatenate Average Maximum Minimum Add
    Subtract Multiply Dot ReLU Softmax LeakyReLU PReLU ELU MultiHeadAttention Attention AdditiveAttention
    Rescaling Resizing CenterCrop RandomCrop RandomFlip RandomTranslation RandomRotation RandomZoom
    RandomContrast RandomBrightness Normalization CategoryEncoding
    """.split()
)

MODELS = frozenset({"Sequential", "Functional"})

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

SCHEDULES = frozenset(
    [
        "ExponentialDecay",
        "InverseTimeDecay",
        "PiecewiseConstantDecay",
        "PolynomialDecay",
        "CosineDecay",
        "CosineDecayRestarts",
    ]
)

OPTIMIZERS = frozenset(
    """
    SGD RMSprop Adam AdamW Adadelta Adagrad Adamax Adafactor Nadam Ftrl Lion Lamb Muon
    """.split()
)

LOSSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "kl_divergence": "KLDivergence",
    "poisson": "Poisson",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "cosine_similarity": "CosineSimilarity",
}
"""Snake-case name -> class in `keras.losses`."""

LOSS_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "logcosh": "log_cosh",
}

LOSS_OPTIONS = frozenset({"from_logits", "label_smoothing", "delta", "alpha", "gamma", "apply_class_balancing"})

METRIC_NAMES = frozenset(
    """
    accuracy acc categorical_accuracy sparse_categorical_accuracy binary_accuracy top_k_categorical_accuracy
    sparse_top_k_categorical_accuracy categorical_crossentropy sparse_categorical_crossentropy
    binary_crossentropy mse mean_squared_error mae mean_absolute_error mape msle cosine_similarity kl_divergence
    poisson hinge
    """.split()
)

METRIC_CLASSES = frozenset(
    """
    Accuracy CategoricalAccuracy SparseCategoricalAccuracy BinaryAccuracy TopKCategoricalAccuracy
    SparseTopKCategoricalAccuracy CategoricalCrossentropy SparseCategoricalCrossentropy BinaryCrossentropy AUC
    Precision Recall F1Score MeanSquaredError RootMeanSquaredError MeanAbsoluteError TruePositives TrueNegatives
    FalsePositives FalseNegatives
    """.split()
)

CALLBACKS = {
    "EarlyStopping": frozenset(
        """
    monitor min_delta patience mode baseline restore_best_weights start_from_epoch
    """.split()
    ),
    "ReduceLROnPlateau": frozenset(
        """
    monitor factor patience mode min_delta cooldown min_lr
    """.split()
    ),
    "LearningRates": frozenset({"rates"}),
    "TerminateOnNaN": frozenset[str](),
}
"""Callback -> its arguments. `LearningRates` is a scheduler whose rates were worked out beforehand, one per epoch."""

DTYPES = frozenset(
    """
    float16 bfloat16 float32 float64 mixed_float16 mixed_bfloat16 uint8 int8 int16 int32 int64 bool
    """.split()
)
