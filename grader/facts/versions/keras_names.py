"""Modules and names of Keras 1 and 2 that stand elsewhere in Keras 3, or nowhere.

Paths are those below `keras` and below `tensorflow.keras`, which are served alike.
"""

from __future__ import annotations

from grader.facts.versions.difference import Difference

MODULES = {
    "utils.np_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.visualize_util": "utils",
    "utils.all_utils": "utils",
    "utils.data_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.io_utils": "utils",
    "utils.conv_utils": "utils",
    "utils.multi_gpu_utils": "utils",
    "utils.training_utils": "utils",
    "utils.tf_utils": "utils",
    "utils.test_utils": "utils",
    "layers.core": "layers",
    "layers.convolutional": "layers",
    "layers.convolutional_recurrent": "layers",
    "layers.pooling": "layers",
    "layers.recurrent": "layers",
    "layers.cudnn_recurrent": "layers",
    "layers.embeddings": "layers",
    "layers.merge": "layers",
    "layers.noise": "layers",
    "layers.local": "layers",
    "layers.wrappers": "layers",
    "layers.normalization": "layers",
    "layers.advanced_activations": "layers",
    "layers.containers": "models",
    "layers.preprocessing": "layers",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "callbacks.callbacks": "callbacks",
    "callbacks.experimental": "callbacks",
    "engine": "models",
    "engine.input_layer": "layers",
    "engine.base_layer": "layers",
    "engine.network": "models",
    "engine.topology": "layers",
    "engine.sequential": "models",
    "engine.training": "models",
    "engine.saving": "models",
    "backend.tensorflow_backend": "backend",
    "utils.losses_utils": "losses",
    "objectives": "losses",
    "initializations": "initializers",
    "optimizers.legacy": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizers.adam_v2": "optimizers",
    "optimizers.gradient_descent_v2": "optimizers",
    "optimizers.rmsprop_v2": "optimizers",
    "optimizers.optimizer_v2": "optimizers",
    "preprocessing.text": "_tf_keras.keras.preprocessing.text",
    "wrappers.scikit_learn": "wrappers",
    "experimental": "optimizers.schedules",
}
"""Module -> where its content is now."""

NAMES: dict[str, dict[str, str]] = {
    "losses": {
        "cosine_proximity": "losses.cosine_similarity",
        "cosine": "losses.cosine_similarity",
        "huber_loss": "losses.huber",
        "logcosh": "losses.log_cosh",
        "kullback_leibler_divergence": "losses.kl_divergence",
        "KLD": "losses.kl_divergence",
        "kld": "losses.kl_divergence",
        **dict.fromkeys(("mse", "MSE"), "losses.mean_squared_error"),
        **dict.fromkeys(("mae", "MAE"), "losses.mean_absolute_error"),
        **dict.fromkeys(("mape", "MAPE"), "losses.mean_absolute_percentage_error"),
        **dict.fromkeys(("msle", "MSLE"), "losses.mean_squared_logarithmic_error"),
    },
    "metrics": {
        "kullback_leibler_divergence": "metrics.kl_divergence",
        "logcosh": "metrics.log_cosh",
        "KLD": "metrics.kl_divergence",
        "kld": "metrics.kl_divergence",
        **dict.fromkeys(("mse", "MSE"), "metrics.mean_squared_error"),
        **dict.fromkeys(("mae", "MAE"), "metrics.mean_absolute_error"),
        **dict.fromkeys(("mape", "MAPE"), "metrics.mean_absolute_percentage_error"),
        **dict.fromkeys(("msle", "MSLE"), "metrics.mean_squared_logarithmic_error"),
    },
    "constraints": {
        "maxnorm": "constraints.MaxNorm",
        "nonneg": "constraints.NonNeg",
        "unitnorm": "constraints.UnitNorm",
    },
    "initializers": {
        "normal": "initializers.RandomNormal",
        "uniform": "initializers.RandomUniform",
        "zero": "initializers.Zeros",
        "one": "initializers.Ones",
    },
    "optimizers": {
        "adamax": "optimizers.Adamax",
        "nadam": "optimizers.Nadam",
        "ftrl": "optimizers.Ftrl",
    },
    "layers": {
        "CuDNNLSTM": "layers.LSTM",
        "CuDNNGRU": "layers.GRU",
        "Deconvolution2D": "layers.Conv2DTranspose",
        "SyncBatchNormalization": "layers.BatchNormalization",
        "PreprocessingLayer": "layers.Layer",
        "Model": "models.Model",
        "Sequential": "models.Sequential",
    },
    "models": {"Input": "Input", "Layer": "layers.Layer", "Network": "models.Model", "Container": "models.Model"},
    "utils": {"plot": "utils.plot_model"},
    "preprocessing.image": {
        name: f"_tf_keras.keras.preprocessing.image.{name}"
        for name in (
            *("ImageDataGenerator", "DirectoryIterator", "NumpyArrayIterator", "Iterator", "apply_affine_transform"),
            *("apply_brightness_shift", "apply_channel_shift", "random_brightness", "random_channel_shift"),
            *("random_rotation", "random_shear", "random_shift", "random_zoom"),
        )
    },
    "preprocessing.sequence": {
        name: f"_tf_keras.keras.preprocessing.sequence.{name}"
        for name in ("TimeseriesGenerator", "make_sampling_table", "skipgrams")
    },
}
"""Public module -> name that it had -> its path today: the same object under another name."""

MADE: dict[str, dict[str, str]] = {
    "layers": {
        "ThresholdedReLU": "ThresholdedReLU(theta=t) was read as ReLU(threshold=t).",
        "Convolution2D": "Convolution2D was read with the arguments of Keras 1: (filters, rows, columns).",
        "Convolution3D": "Convolution3D was read with the arguments of Keras 1: (filters, and three sizes).",
        "AtrousConvolution1D": "AtrousConvolution1D(atrous_rate=r) was read as Conv1D(dilation_rate=r).",
        "AtrousConvolution2D": "AtrousConvolution2D(atrous_rate=r) was read as Conv2D(dilation_rate=r).",
        "TimeDistributedDense": "TimeDistributedDense was read as TimeDistributed(Dense(...)).",
        "merge": "merge(layers, mode) was read as the layer of today that joins so.",
        "Merge": "Merge(mode=) was read as the layer of today that joins so.",
    },
    "utils": {
        "print_summary": "print_summary(model) was read as model.summary().",
        "multi_gpu_model": "multi_gpu_model(model) was read as the model itself: it spread the same training.",
        "probas_to_classes": "probas_to_classes was read as the arg-max of each row.",
        "categorical_probas_to_classes": "categorical_probas_to_classes was read as the arg-max of each row.",
    },
    "regularizers": {
        **dict.fromkeys(("l1l2", "L1L2Regularizer"), "l1l2 was read as L1L2, with its old defaults of 0.01."),
        **dict.fromkeys(("activity_l1", "activity_l2", "activity_l1l2"), "activity_l1 and its like were read as L1L2."),
        **dict.fromkeys(("WeightRegularizer", "ActivityRegularizer"), "WeightRegularizer was read as L1L2."),
    },
    "losses": {"Reduction": "losses.Reduction was read as the words that Keras 3 takes for it."},
    "models": {"model_from_config": "model_from_config was read as Keras 3's way from a configuration to a model."},
    "backend": {
        "set_session": "A session was set for Keras, which has had none since 2.4: nothing was done.",
        "get_session": "Keras has had no session since 2.4: one that computes at once was given.",
        "learning_phase": "learning_phase() was read as an input that says whether this is training.",
        "set_learning_phase": "set_learning_phase() was left out: fit and predict say it themselves.",
        "manual_variable_initialization": "manual_variable_initialization was left out: variables have their values.",
        "reset_uids": "reset_uids was read as clear_session.",
        "function": "K.function(inputs, outputs) was read as a model from these inputs to these outputs.",
        "set_image_dim_ordering": "set_image_dim_ordering was read as set_image_data_format.",
        "image_dim_ordering": "image_dim_ordering was read as image_data_format.",
    },
    "wrappers": {
        "KerasClassifier": "KerasClassifier(build_fn) was read as scikit-learn's classifier around that model.",
        "KerasRegressor": "KerasRegressor(build_fn) was read as scikit-learn's regressor around that model.",
    },
}
"""Public module -> name that it had -> what is made for it, in the probe."""

LOST: dict[str, tuple[str, ...]] = {
    "layers": (
        *("LocallyConnected1D", "LocallyConnected2D", "MaxoutDense", "Highway", "SReLU", "ParametricSoftplus"),
        *("DenseFeatures", "AbstractRNNCell", "RandomFourierFeatures", "ConvRNN2D"),
        *("ConvLSTM2DCell", "ConvRecurrent2D", "Recurrent", "LambdaMerge", "AutoEncoder", "GraphLayer"),
    ),
    "metrics": (
        *("precision", "recall", "fmeasure", "fbeta_score", "f1score", "matthews_correlation", "cosine_proximity"),
        *("MeanTensor", "MeanRelativeError", "clone_metric"),
    ),
    "optimizers": ("TFOptimizer", "clip_norm", "optimizer_from_config"),
    "models": ("Graph", "model_from_yaml"),
    "regularizers": ("EigenvalueRegularizer",),
    "constraints": ("RadialConstraint", "radial_constraint"),
    "utils": ("HDF5Matrix", "GeneratorEnqueuer", "convert_all_kernels_in_model", "layer_from_config", "load_array"),
    "backend": (
        "placeholder",
        "in_train_phase",
        "in_test_phase",
        "learning_phase_scope",
        "print_tensor",
        "is_placeholder",
    ),
    "preprocessing.image": ("list_pictures", "transform_matrix_offset_center", "flip_axis"),
    "schedules": ("LinearModel", "WideDeepModel", "PeepholeLSTMCell", "LinearCosineDecay", "NoisyLinearCosineDecay"),
}
"""Public module -> names that nothing today stands for."""


def rows() -> list[Difference]:
    """A row for each module and each name."""
    found = [
        Difference(f"keras.{old}", f"The module keras.{old} was found at keras.{new}, its place today.", "Keras 3.0")
        for old, new in MODULES.items()
    ]
    for module, names in NAMES.items():
        for old, new in names.items():
            found.append(Difference(f"{module}.{old}", f"keras.{module}.{old} was read as keras.{new}.", "Keras 3.0"))
    for module, sentences in MADE.items():
        found += [Difference(f"{module}.{name}", now, "Keras 3.0") for name, now in sentences.items()]
    for module, lost in LOST.items():
        found += [_lost(module, name) for name in lost]
    return found


def _lost(module: str, name: str) -> Difference:
    last = module.rsplit(".", 1)[-1]
    return Difference(
        f"{module}.{name}",
        f"keras.{module}.{name} is of an older Keras, and nothing today means the same.",
        "Keras 3.0",
        error=rf"module '[\w.]*\b{last}' has no attribute '{name}'|cannot import name '{name}' from '[\w.]*keras",
    )
