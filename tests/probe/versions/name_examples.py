"""Examples for names and modules of Keras that stand elsewhere, made of the table, and for what is made for them."""

from __future__ import annotations

from grader.facts.versions.keras_names import LOST, MADE, MODULES, NAMES

_MADE = {
    "layers.ThresholdedReLU": "layer = ThresholdedReLU(theta=2.0); assert layer.threshold == 2.0",
    "layers.Convolution2D": "assert Convolution2D(4, 3, 5, border_mode='same').kernel_size == (3, 5)\n"
    "assert isinstance(Convolution2D(4, 3, 5), keras.layers.Conv2D)",
    "layers.Convolution3D": "assert Convolution3D(4, 3, 4, 5).kernel_size == (3, 4, 5)",
    "layers.AtrousConvolution1D": "assert AtrousConvolution1D(4, 3, atrous_rate=2).dilation_rate == (2,)",
    "layers.AtrousConvolution2D": "made = AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2))\n"
    "assert made.dilation_rate == (2, 2) and made.kernel_size == (3, 3)",
    "layers.TimeDistributedDense": "assert TimeDistributedDense(4).layer.units == 4",
    "layers.merge": "a, b = keras.Input((3,)), keras.Input((3,))\n"
    "assert merge([a, b], mode='concat').shape == (None, 6) and merge([a, b], mode='sum').shape == (None, 3)",
    "layers.Merge": "def branch(): return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
    "model = keras.Sequential(); model.add(Merge([branch(), branch()], mode='concat'))\n"
    "assert model.layers[-1].output.shape == (None, 4)",
    "utils.print_summary": "print_summary(keras.Sequential([keras.Input((3,))]))",
    "utils.multi_gpu_model": "model = keras.Sequential(); assert multi_gpu_model(model, gpus=2) is model",
    "utils.probas_to_classes": "assert list(probas_to_classes([[0.1, 0.9]])) == [1]",
    "utils.categorical_probas_to_classes": "assert list(categorical_probas_to_classes([[0.9, 0.1]])) == [0]",
    "regularizers.l1l2": "assert round(float(l1l2().l1), 4) == 0.01 and float(l1l2(l1=0.1, l2=0.0).l2) == 0",
    "regularizers.L1L2Regularizer": "assert float(L1L2Regularizer(l2=0.5).l2) == 0.5",
    "regularizers.activity_l1": "assert float(activity_l1(0.5).l1) == 0.5",
    "regularizers.activity_l2": "assert float(activity_l2(l=0.5).l2) == 0.5",
    "regularizers.activity_l1l2": "assert float(activity_l1l2(0.5, 0.25).l2) == 0.25",
    "regularizers.WeightRegularizer": "assert float(WeightRegularizer(l2=0.5).l2) == 0.5",
    "regularizers.ActivityRegularizer": "assert float(ActivityRegularizer(l1=0.5).l1) == 0.5",
    "losses.Reduction": "assert keras.losses.MeanSquaredError(reduction=Reduction.NONE).reduction == 'none'",
    "models.model_from_config": "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
    "assert model_from_config(keras.saving.serialize_keras_object(model)).count_params() == 8",
    "backend.set_session": "set_session(None)",
    "backend.get_session": "import tensorflow as tf; assert get_session().run(tf.constant(3)) == 3",
    "backend.learning_phase": "assert not learning_phase()",
    "backend.set_learning_phase": "set_learning_phase(0)",
    "backend.manual_variable_initialization": "manual_variable_initialization(True)",
    "backend.reset_uids": "reset_uids()",
    "backend.function": "import numpy as np\n"
    "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])\n"
    "half = function([model.layers[0].input, keras.backend.learning_phase()], [model.layers[0].output])\n"
    "assert half([np.ones((4, 3)), 0])[0].shape == (4, 2)",
    "backend.set_image_dim_ordering": "set_image_dim_ordering('tf')",
    "backend.image_dim_ordering": "assert image_dim_ordering() == 'tf'",
    "wrappers.KerasClassifier": "import numpy as np\nfrom sklearn.model_selection import cross_val_score\n"
    "def build(units=2):\n    model = keras.Sequential([keras.layers.Dense(units, activation='softmax')])\n"
    "    model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy']); return model\n"
    "x = np.random.rand(12, 3); y = np.arange(12) % 2\n"
    "scores = cross_val_score(KerasClassifier(build_fn=build, units=2, epochs=1, verbose=0), x, y, cv=2)\n"
    "assert len(scores) == 2 and all(0 <= score <= 1 for score in scores)",
    "wrappers.KerasRegressor": "import numpy as np\n"
    "def build():\n    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
    "    model.compile('sgd', 'mse'); return model\n"
    "made = KerasRegressor(build_fn=build, nb_epoch=2, verbose=0); made.fit(np.ones((4, 3)), np.ones(4))\n"
    "assert made.predict(np.ones((4, 3))).shape == (4,)",
}


def name_examples() -> dict[str, str]:
    """One for each module and name."""
    found = {
        f"keras.{module}": f"import tensorflow as tf, importlib; importlib.import_module('keras.{module}')"
        for module in MODULES
    }
    found["keras.optimizers.legacy"] = "from tensorflow.keras.optimizers.legacy import Adam; Adam(lr=0.1)"
    for module, names in NAMES.items():
        for old, new in names.items():
            home, _, name = new.rpartition(".")
            found[f"{module}.{old}"] = (
                f"import keras, importlib\nfrom keras.{module} import {old}\n"
                f"assert {old} is getattr(importlib.import_module('keras.{home}'.rstrip('.')), {name!r})"
            )
    for module, names in MADE.items():
        for name in names:
            key = f"{module}.{name}"
            found[key] = f"import keras\nfrom keras.{module} import {name}\n{_MADE[key]}"
    for module, lost in LOST.items():
        home = {"schedules": "optimizers.schedules"}.get(module, module)
        for name in lost:
            found[f"{module}.{name}"] = f"import keras, importlib; importlib.import_module('keras.{home}').{name}"
    return found
