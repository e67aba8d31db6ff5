"""What Keras 1 and 2 did otherwise than Keras 3: logs, files, methods, attributes, positions and defaults."""

from __future__ import annotations

from grader.facts.versions.difference import Difference

_2_0, _2_3, _2_6, _3_0 = "Keras 2.0", "Keras 2.3", "Keras 2.6", "Keras 3.0"

OLD_ACCURACY = "acc"
"""What accuracy was called in histories and logs: the row of it."""

OTHER_RATES = ("Adadelta", "Adagrad", "Adamax", "Nadam")
"""Optimizers whose learning rate, left out, was another one before Keras 2.4."""

_LOGS = (
    Difference(OLD_ACCURACY, "history['acc'] was answered with 'accuracy', its name since Keras 2.3.", _2_3),
    Difference("logs['acc']", "A callback's logs['acc'] was answered with 'accuracy', its name since Keras 2.3.", _2_3),
    Difference("monitor='acc'", "A callback's monitor 'acc' was read as 'accuracy', its name since Keras 2.3.", _2_3),
    Difference(
        "{acc} in a file's name", "A checkpoint's name with {acc} was filled with 'accuracy', its name today.", _2_3
    ),
    Difference("params['nb_epoch']", "A callback's params['nb_epoch'] was answered with 'epochs'.", _2_0),
    Difference("params['metrics']", "A callback's params['metrics'] was answered with the names of the logs.", _2_3),
    Difference("metrics_names", "metrics_names was answered with a name for each score, as before Keras 3.", _3_0),
)

_FILES = (
    Difference("save to a folder", "A model saved to a folder was written to one .keras file.", _3_0),
    Difference(
        "ModelCheckpoint of another ending",
        "ModelCheckpoint kept its file under a name that Keras 3 would have refused.",
        _3_0,
    ),
    Difference("period=", "ModelCheckpoint(period=n) saved after every n epochs, as it did before TensorFlow 2.", _3_0),
    Difference("save_format=", "save_format= was left out: Keras 3 goes by the ending of the file's name.", _3_0),
    Difference("include_optimizer=", "save(include_optimizer=) was left out: the file holds the optimizer too.", _3_0),
    Difference(
        "save_weights of another ending",
        "save_weights wrote a file of the form that Keras 2 wrote, under the name that was given.",
        _3_0,
    ),
    Difference("load_weights of another ending", "load_weights read a file that Keras 3 would have refused.", _3_0),
    Difference("load_weights(by_name=)", "load_weights(by_name=) was left out where it was False.", _3_0),
    Difference(
        "latest_checkpoint", "tf.train.latest_checkpoint was answered with the weights that were saved last.", _3_0
    ),
    Difference(
        "to_yaml",
        "to_yaml wrote a model as YAML until Keras 2.6.",
        _2_6,
        error=r"AttributeError: '\w+' object has no attribute 'to_yaml'",
    ),
)

_METHODS = (
    Difference("predict_classes", "predict_classes(x) was read as the arg-max of predict(x).", _2_6),
    Difference("predict_proba", "predict_proba(x) was read as predict(x).", _2_6),
    Difference("fit_generator", "fit_generator was read as fit.", "Keras 2.4"),
    Difference("evaluate_generator", "evaluate_generator was read as evaluate.", "Keras 2.4"),
    Difference("predict_generator", "predict_generator was read as predict.", "Keras 2.4"),
    Difference(
        "samples_per_epoch=", "samples_per_epoch= was read as steps_per_epoch=, after division by the batch.", _2_0
    ),
    Difference("nb_val_samples=", "nb_val_samples= was read as validation_steps=, after division by the batch.", _2_0),
    Difference("val_samples=", "val_samples= was read as steps=, after division by the batch.", _2_0),
    Difference("metrics as text", "metrics='accuracy' was read as a list of one, as Keras 2 did.", _3_0),
    Difference("metrics in third place", "compile's third argument was read as metrics, as in Keras 2.", _3_0),
    Difference("positional arguments of fit", "fit's arguments were read by their places, as in Keras 2.", _3_0),
    Difference("_make_predict_function", "_make_predict_function was left out: Keras 3 makes it when needed.", _2_3),
    Difference("Sequential.model", "Sequential's .model was read as the model itself.", "Keras 2.2"),
    Difference("add_weight(name, shape)", "add_weight's arguments were read by their places, as in Keras 2.", _3_0),
    Difference(
        "validation_data of a callback",
        "A callback's validation_data was filled in by Keras until 2.3.",
        _2_3,
        error=r"AttributeError: '\w+' object has no attribute 'validation_data'",
    ),
)

_ATTRIBUTES = (
    Difference("layer.output_shape", "layer.output_shape was read as the shape of layer.output.", _3_0),
    Difference("layer.input_shape", "layer.input_shape was read as the shape of layer.input.", _3_0),
    Difference("get_output_at", "layer.get_output_at(i) was read as the layer's output at its call i.", _3_0),
    Difference("get_input_at", "layer.get_input_at(i) was read as the layer's input at its call i.", _3_0),
    Difference("get_output_shape_at", "layer.get_output_shape_at(i) was read as the shape of its output.", _3_0),
    Difference("get_input_shape_at", "layer.get_input_shape_at(i) was read as the shape of its input.", _3_0),
    Difference("layer.W", "layer.W was read as layer.kernel.", _2_0),
    Difference("layer.b", "layer.b was read as layer.bias.", _2_0),
    Difference("optimizer.lr", "optimizer.lr was read as optimizer.learning_rate.", _2_3),
    Difference("K.set_value", "K.set_value(variable, value) was read as variable.assign(value).", _3_0),
    Difference(
        "keras.estimator",
        "Estimators were a part of TensorFlow until 2.15.",
        _3_0,
        error=r"module '[\w.]*keras' has no attribute 'estimator'|No module named '[\w.]*keras\.estimator'",
    ),
    Difference(
        "updates",
        "The updates of a graph of TensorFlow 1 were read as none.",
        _3_0,
    ),
)

_ARGUMENTS = (
    Difference("lr=", "The optimizer's lr= was read as learning_rate=.", _2_3),
    Difference("whole learning rate", "A whole-number learning rate was read as a decimal.", _3_0),
    Difference(
        "decay=", "The optimizer's decay= was read as InverseTimeDecay(rate, 1, decay), as Keras 2 meant it.", _3_0
    ),
    Difference("decay=0", "The optimizer's decay=0 was left out: it decays nothing.", _3_0),
    Difference("epsilon=None", "The optimizer's epsilon=None was read as its default, 1e-7.", _3_0),
    Difference("schedule_decay=", "Nadam's schedule_decay= was left out: Nadam has its own schedule today.", _3_0),
    Difference("jit_compile= of an optimizer", "The optimizer's jit_compile= was left out: it trains the same.", _3_0),
    Difference("an optimizer's decay in its place", "The optimizer's decay was read at its place in Keras 2.", _3_0),
    Difference("batch_input_shape=", "batch_input_shape= was read as the model's Input(batch_shape=).", _3_0),
    Difference("batch_size= of a layer", "A layer's batch_size= was read as that of the model's Input.", _3_0),
    Difference("input_dtype=", "A layer's input_dtype= was left out: its input tells it.", _2_0),
    Difference("weights=", "A layer's weights= were set when it was built.", _3_0),
    Difference("(nb_row=, nb_col=)", "nb_row= and nb_col= were read as kernel_size=(rows, columns).", _2_0),
    Difference("(kernel_dim1=, ...)", "kernel_dim1= to kernel_dim3= were read as kernel_size=.", _2_0),
    Difference("input_dim= of a sequence", "input_dim= and input_length= were read as input_shape=.", _2_0),
    Difference("forget_bias_init=", "forget_bias_init='one' was read as unit_forget_bias=True.", _2_0),
    Difference(
        "init= of a separable convolution", "init= was read as depthwise_initializer= and pointwise_initializer=.", _2_0
    ),
    Difference("Dense(units, init)", "Dense's second argument was read as its initializer, as in Keras 1.", _2_0),
    Difference(
        "Dense(inputs, units)", "Dense(inputs, units) was read as in Keras 0: the second one counts.", "Keras 0.3"
    ),
    Difference("ZeroPadding2D(dict)", "ZeroPadding2D's table of pads was read as pairs.", _2_0),
    Difference("load_img(grayscale=)", "load_img(grayscale=True) was read as color_mode='grayscale'.", _3_0),
    Difference(
        "Conv2D(n, a, b)",
        "Conv2D(n, a, b) was taken as Keras 3 takes it: a kernel of a x a and strides of b. Keras 1 read a x b.",
        "Keras 2.4",
    ),
    Difference("pooling without a size", "Average pooling without a size was read as pool_size=2, as of old.", _3_0),
    Difference(
        "BatchNormalization(mode=1)",
        "The modes 1 and 2 of BatchNormalization were dropped by Keras 2.",
        _2_0,
        error=r"ValueError: Unrecognized keyword arguments passed to BatchNormalization: \{.*'mode': [12]",
    ),
)

_DEFAULTS = (
    Difference("Adadelta()", "Adadelta without a rate was taken with 0.001, as today; before 2.4: 1.", "Keras 2.4"),
    Difference("Adagrad()", "Adagrad without a rate was taken with 0.001, as today; before 2.4: 0.01.", "Keras 2.4"),
    Difference("Adamax()", "Adamax without a rate was taken with 0.001, as today; before 2.4: 0.002.", "Keras 2.4"),
    Difference("Nadam()", "Nadam without a rate was taken with 0.001, as today; before 2.4: 0.002.", "Keras 2.4"),
    Difference("l1_l2()", "l1_l2() without factors was taken with 0, as today; before 3.0 both were 0.01.", _3_0),
    Difference("hard_sigmoid", "hard_sigmoid was taken as today, x/6 + 0.5; before 3.0 it was 0.2x + 0.5.", _3_0),
)
"""Defaults that would change a model: code without an idiom that only an older version has is taken as today."""


def rows() -> list[Difference]:
    """All of them."""
    return [*_LOGS, *_FILES, *_METHODS, *_ATTRIBUTES, *_ARGUMENTS, *_DEFAULTS]
