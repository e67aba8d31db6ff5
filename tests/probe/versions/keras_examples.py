"""An example for each row of Keras: code as it was written, which asserts what it means."""

from __future__ import annotations

_K = "import keras, numpy as np\nfrom keras import layers\n"
_MODEL = _K + "model = keras.Sequential([keras.Input((4,)), layers.Dense(3, 'relu'), layers.Dense(2, 'softmax')])\n"
_COMPILED = _MODEL + "model.compile('sgd', 'categorical_crossentropy', metrics=['accuracy'])\n"
_DATA = "x = np.random.rand(8, 4).astype('float32'); y = keras.utils.to_categorical(np.arange(8) % 2, 2)\n"
_FIT = _COMPILED + _DATA
_WATCH = """
class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        seen.append(%s)
seen = []
model.fit(x, y, epochs=1, verbose=0, callbacks=[Watch()])
"""

ARGUMENTS: dict[str, object] = {
    "output_dim": 4,
    "init": "he_normal",
    "inner_init": "orthogonal",
    "beta_init": "ones",
    "gamma_init": "zeros",
    "W_regularizer": "l2",
    "b_regularizer": "l1",
    "U_regularizer": "l2",
    "W_constraint": "non_neg",
    "b_constraint": "non_neg",
    "bias": False,
    "nb_filter": 4,
    "filter_length": 5,
    "subsample": 2,
    "subsample_length": 2,
    "border_mode": "same",
    "dim_ordering": "tf",
    "pool_length": 3,
    "stride": 2,
    "length": 3,
    "p": 0.25,
    "sigma": 0.5,
    "inner_activation": "sigmoid",
    "dropout_W": 0.1,
    "dropout_U": 0.2,
    "m": 3,
    "low": 0.1,
    "high": 0.9,
    "epsilon": 0.01,
    "l": 0.02,
}
"""Old argument -> a value for it; the object is then what it is with the value under the name of today."""
NEEDED: dict[str, dict[str, object]] = {
    "layers.Dense": {"units": 2},
    "layers.Conv1D": {"filters": 2, "kernel_size": 3},
    "layers.Conv2D": {"filters": 2, "kernel_size": 3},
    "layers.Conv3D": {"filters": 2, "kernel_size": 3},
    "layers.Conv2DTranspose": {"filters": 2, "kernel_size": 3},
    "layers.SeparableConv2D": {"filters": 2, "kernel_size": 3},
    "layers.ConvLSTM2D": {"filters": 2, "kernel_size": 3},
    "layers.Dropout": {"rate": 0.5},
    "layers.GaussianDropout": {"rate": 0.5},
    "layers.SpatialDropout1D": {"rate": 0.5},
    "layers.SpatialDropout2D": {"rate": 0.5},
    "layers.SpatialDropout3D": {"rate": 0.5},
    "layers.GaussianNoise": {"stddev": 0.5},
    "layers.Embedding": {"input_dim": 10, "output_dim": 3},
    "layers.SimpleRNN": {"units": 2},
    "layers.LSTM": {"units": 2},
    "layers.GRU": {"units": 2},
    "layers.AveragePooling1D": {"pool_size": 2},
    "layers.AveragePooling2D": {"pool_size": 2},
    "layers.AveragePooling3D": {"pool_size": 2},
}
"""Owner -> other arguments that it needs."""

EXAMPLES: dict[str, str] = {
    "Input(input_dtype=)": _K + "assert keras.Input((3,), input_dtype='int32').dtype == 'int32'",
    "Model(input=)": _K
    + "i = keras.Input((3,)); assert keras.Model(input=i, outputs=layers.Dense(2)(i)).count_params() == 8",
    "Model(output=)": _K
    + "i = keras.Input((3,)); assert keras.Model(input=i, output=layers.Dense(2)(i)).count_params() == 8",
    "to_categorical(nb_classes=)": _K + "assert keras.utils.to_categorical([0, 1], nb_classes=4).shape == (2, 4)",
    "to_categorical(y=)": _K + "assert keras.utils.to_categorical(y=[0, 1], num_classes=4).shape == (2, 4)",
    "to_categorical(dtype=)": _K + "assert keras.utils.to_categorical([0, 1], 2, dtype='float32').shape == (2, 2)",
    "normalize(a=)": _K + "assert np.allclose(keras.utils.normalize(a=np.array([[3.0, 4.0]])), [[0.6, 0.8]])",
    "array_to_img(dim_ordering=)": _K
    + "assert keras.utils.array_to_img(np.zeros((1, 2, 3)), dim_ordering='th').size == (3, 2)",
    "img_to_array(dim_ordering=)": _K
    + "picture = keras.utils.array_to_img(np.zeros((2, 3, 1)))\n"
    + "assert keras.utils.img_to_array(picture, dim_ordering='th').shape == (1, 2, 3)",
    "relu(alpha=)": _K + "assert float(np.array(keras.activations.relu(np.array([-1.0]), alpha=0.5))[0]) == -0.5",
    "ReduceLROnPlateau(epsilon=)": _K + "assert keras.callbacks.ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5",
    "Layer(dynamic=)": _K + "layers.Dense(2, dynamic=True)",
    "Layer(input_length=)": _K + "layers.Dense(2, input_length=3)",
    "Embedding(dropout=)": _K + "assert layers.Embedding(10, 3, dropout=0.2).output_dim == 3",
    "BatchNormalization(mode=)": _K + "assert layers.BatchNormalization(mode=0, axis=1).axis == 1",
    **{
        f"{name}(consume_less=)": _K + f"layers.{name}({args}, consume_less='gpu')"
        for name, args in (("SimpleRNN", "3"), ("LSTM", "3"), ("GRU", "3"), ("ConvLSTM2D", "3, 3"))
    },
    "fit(nb_epoch=)": _FIT + "h = model.fit(x, y, nb_epoch=2, verbose=0); assert len(h.history['loss']) == 2",
    "fit(nb_worker=)": _FIT + "model.fit(x, y, nb_worker=2, verbose=0)",
    "fit(max_q_size=)": _FIT + "model.fit(x, y, max_q_size=2, verbose=0)",
    "fit(pickle_safe=)": _FIT + "model.fit(x, y, pickle_safe=True, verbose=0)",
    "fit(workers=)": _FIT + "model.fit(x, y, workers=4, verbose=0)",
    "fit(use_multiprocessing=)": _FIT + "model.evaluate(x, y, use_multiprocessing=False, verbose=0)",
    "fit(max_queue_size=)": _FIT + "model.predict(x, max_queue_size=4)",
    "fit(show_accuracy=)": _MODEL
    + _DATA
    + "model.compile(loss='categorical_crossentropy', optimizer='sgd')\n"
    + "assert 'accuracy' in model.fit(x, y, show_accuracy=True, verbose=0).history",
    "compile(class_mode=)": _MODEL + "model.compile('sgd', 'mse', class_mode='categorical')",
    "compile(sample_weight_mode=)": _MODEL + "model.compile('sgd', 'mse', sample_weight_mode=None)",
    "compile(target_tensors=)": _MODEL + "model.compile('sgd', 'mse', target_tensors=None)",
    **{
        f"TensorBoard({name}=)": _K + f"keras.callbacks.TensorBoard('logs', {name}=None)"
        for name in ("batch_size", "write_grads", "embeddings_layer_names", "embeddings_data")
    },
    # logs
    "acc": _FIT + "h = model.fit(x, y, verbose=0); assert h.history['acc'] == h.history['accuracy']",
    "logs['acc']": _FIT + _WATCH % "logs.get('acc')" + "assert 0 <= seen[0] <= 1",
    "monitor='acc'": _FIT
    + "stop = keras.callbacks.EarlyStopping('acc'); model.fit(x, y, callbacks=[stop], verbose=0)\n"
    + "assert stop.monitor == 'accuracy'",
    "{acc} in a file's name": _FIT
    + "import glob\nkeep = keras.callbacks.ModelCheckpoint('kept-{epoch:02d}-{acc:.1f}.keras')\n"
    + "model.fit(x, y, callbacks=[keep], verbose=0); assert glob.glob('kept-01-*.keras')",
    "params['nb_epoch']": _FIT + _WATCH % "self.params['nb_epoch']" + "assert seen == [1]",
    "params['metrics']": _FIT + _WATCH % "self.params['metrics']" + "assert seen == [['accuracy']]",
    "metrics_names": _FIT + "model.fit(x, y, verbose=0); assert model.metrics_names == ['loss', 'accuracy']",
    # files
    "save to a folder": _MODEL + "model.save('folder')\nassert keras.models.load_model('folder').count_params() == 23",
    "ModelCheckpoint of another ending": _FIT
    + "keep = keras.callbacks.ModelCheckpoint('best.hdf5', monitor='val_accuracy', save_best_only=True)\n"
    + "model.fit(x, y, validation_data=(x, y), callbacks=[keep], verbose=0)\n"
    + "before = model.predict(x, verbose=0); model.set_weights([w * 0 for w in model.get_weights()])\n"
    + "model.load_weights('best.hdf5'); assert np.allclose(model.predict(x, verbose=0), before)",
    "period=": _FIT
    + "import os\nkeep = keras.callbacks.ModelCheckpoint('e{epoch}.keras', period=2)\n"
    + "model.fit(x, y, epochs=4, callbacks=[keep], verbose=0)\n"
    + "assert [os.path.exists(f'e{n}.keras') for n in (1, 2, 3, 4)] == [False, True, False, True]",
    "save_format=": _MODEL + "model.save('m.h5', save_format='h5')",
    "include_optimizer=": _MODEL + "model.save('m.h5', include_optimizer=False)",
    "save_weights of another ending": _MODEL
    + "import os\nmodel.save_weights('w.h5'); assert os.path.exists('w.h5')\nmodel.load_weights('w.h5')",
    "load_weights of another ending": _MODEL
    + "model.save_weights('cp/cp.ckpt'); kept = model.get_weights()\n"
    + "model.set_weights([w * 0 for w in kept]); model.load_weights('cp/cp.ckpt')\n"
    + "assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept))",
    "load_weights(by_name=)": _MODEL
    + "model.save_weights('a.weights.h5'); model.load_weights('a.weights.h5', by_name=False)",
    "latest_checkpoint": _MODEL
    + "import tensorflow as tf\nmodel.save_weights('run/cp-1.ckpt'); model.save_weights('run/cp-2.ckpt')\n"
    + "model.load_weights(tf.train.latest_checkpoint('run'))\n"
    + "assert tf.train.latest_checkpoint('run').endswith('cp-2.ckpt')",
    "to_yaml": _MODEL + "model.to_yaml()",
    # methods
    "predict_classes": _FIT + "assert list(model.predict_classes(x)) == list(model.predict(x).argmax(axis=1))",
    "predict_proba": _FIT + "assert np.allclose(model.predict_proba(x), model.predict(x))",
    **{
        f"{name}_generator": _FIT
        + "def batches():\n    while True: yield "
        + ("x" if name == "predict" else "x, y")
        + f"\nmodel.{name}_generator(batches(), steps{'_per_epoch' if name == 'fit' else ''}=1, verbose=0)"
        for name in ("fit", "evaluate", "predict")
    },
    "samples_per_epoch=": _FIT
    + "from keras.preprocessing.image import ImageDataGenerator\nfrom keras.utils import Sequence\n"
    + "class Batches(Sequence):\n    batch_size = 4\n    def __len__(self): return 2\n"
    + "    def __getitem__(self, i): return x[4 * i:4 * i + 4], y[4 * i:4 * i + 4]\n"
    + "h = model.fit_generator(Batches(), samples_per_epoch=8, nb_epoch=2, verbose=0)\nassert len(h.epoch) == 2",
    "nb_val_samples=": _FIT
    + "def batches():\n    while True: yield x[:1], y[:1]\n"
    + "more = dict(validation_data=batches(), nb_val_samples=2, verbose=0)\n"
    + "model.fit_generator(batches(), samples_per_epoch=2, nb_epoch=1, **more)",
    "val_samples=": _FIT
    + "def batches():\n    while True: yield x[:1], y[:1]\n"
    + "model.evaluate_generator(batches(), val_samples=3, verbose=0)",
    "metrics as text": _MODEL + "model.compile('sgd', 'mse', metrics='accuracy')",
    "metrics in third place": _MODEL + "model.compile('sgd', 'mse', ['accuracy'])",
    "positional arguments of fit": _FIT + "h = model.fit(x, y, 4, 2, 0); assert len(h.epoch) == 2",
    "_make_predict_function": _MODEL + "model._make_predict_function()",
    "Sequential.model": _MODEL + "assert model.model is model",
    "add_weight(name, shape)": _K
    + "class Own(layers.Layer):\n    def build(self, shape):\n"
    + "        self.k = self.add_weight('k', (2, 3), initializer='ones')\n"
    + "        self.m = self.add_weight(name='m', shape=(4,))\n"
    + "own = Own(); own.build((None, 2)); assert own.k.shape == (2, 3) and own.k.name == 'k' and own.m.shape == (4,)",
    "validation_data of a callback": _FIT + _WATCH % "self.validation_data",
    # attributes
    "layer.output_shape": _MODEL + "assert model.layers[0].output_shape == (None, 3)",
    "layer.input_shape": _MODEL + "assert model.layers[0].input_shape == (None, 4)",
    "get_output_at": _MODEL + "assert model.layers[0].get_output_at(0).shape == (None, 3)",
    "get_input_at": _MODEL + "assert model.layers[0].get_input_at(0).shape == (None, 4)",
    "get_output_shape_at": _MODEL + "assert model.layers[0].get_output_shape_at(0) == (None, 3)",
    "get_input_shape_at": _MODEL + "assert model.layers[0].get_input_shape_at(0) == (None, 4)",
    "layer.W": _MODEL + "assert model.layers[0].W is model.layers[0].kernel",
    "layer.b": _MODEL + "assert model.layers[0].b is model.layers[0].bias",
    "optimizer.lr": _COMPILED
    + "from keras import backend as K\nK.set_value(model.optimizer.lr, 0.5)\n"
    + "assert float(K.get_value(model.optimizer.lr)) == 0.5\nmodel.optimizer.lr = 0.25\n"
    + "assert float(model.optimizer.learning_rate) == 0.25",
    "K.set_value": _K
    + "from keras import backend as K\nv = K.variable([1.0]); K.set_value(v, [2.0]); assert K.get_value(v)[0] == 2",
    "keras.estimator": "import keras; keras.estimator.model_to_estimator",
    "updates": _K + "assert layers.Dense(2).updates == []",
    # arguments
    "lr=": _K + "assert float(keras.optimizers.SGD(lr=0.5).learning_rate) == 0.5",
    "whole learning rate": _K + "keras.optimizers.Adadelta(learning_rate=1)",
    "decay=": _K
    + "rate = keras.optimizers.RMSprop(lr=1e-4, decay=1e-6)._learning_rate\n"
    + "assert isinstance(rate, keras.optimizers.schedules.InverseTimeDecay) and rate.decay_rate == 1e-6",
    "decay=0": _K + "assert float(keras.optimizers.Adam(lr=0.5, decay=0.0).learning_rate) == 0.5",
    "epsilon=None": _K + "assert keras.optimizers.Adam(0.1, epsilon=None).epsilon == 1e-7",
    "schedule_decay=": _K + "keras.optimizers.Nadam(lr=0.1, schedule_decay=0.004)",
    "jit_compile= of an optimizer": _K + "keras.optimizers.Adam(0.1, jit_compile=False)",
    "batch_input_shape=": _K
    + "assert keras.Sequential([layers.LSTM(3, batch_input_shape=(4, 5, 6))]).inputs[0].shape == (4, 5, 6)",
    "batch_size= of a layer": _K
    + "assert keras.Sequential([layers.Dense(3, input_shape=(5,), batch_size=4)]).inputs[0].shape == (4, 5)",
    "input_dtype=": _K + "layers.Dense(2, input_dtype='float32')",
    "weights=": _K
    + "layer = layers.Dense(2, weights=[np.ones((3, 2)), np.zeros(2)], input_shape=(3,))\n"
    + "assert keras.Sequential([layer]).get_weights()[0].sum() == 6",
    "(nb_row=, nb_col=)": _K
    + "assert layers.Conv2D(4, nb_row=3, nb_col=5).kernel_size == (3, 5)\n"
    + "assert layers.Conv2D(4, 3, 5, border_mode='same').kernel_size == (3, 5)",
    "(kernel_dim1=, ...)": _K
    + "assert layers.Conv3D(4, kernel_dim1=3, kernel_dim2=4, kernel_dim3=5).kernel_size == (3, 4, 5)",
    "input_dim= of a sequence": _K
    + "assert keras.Sequential([layers.LSTM(3, input_dim=6, input_length=5)]).inputs[0].shape == (None, 5, 6)",
    "forget_bias_init=": _K + "assert layers.LSTM(3, forget_bias_init='one').unit_forget_bias",
    "init= of a separable convolution": _K
    + "made = layers.SeparableConv2D(3, 3, init='he_normal')\n"
    + "assert type(made.depthwise_initializer) is type(made.pointwise_initializer) is keras.initializers.HeNormal",
    "Dense(units, init)": _K
    + "made = layers.Dense(64, 'uniform', activation='relu')\n"
    + "assert type(made.kernel_initializer) is keras.initializers.RandomUniform and made.activation.__name__ == 'relu'",
    "Dense(inputs, units)": _K + "assert keras.Sequential([layers.Dense(784, 10)]).count_params() == 7850",
    "ZeroPadding2D(dict)": _K
    + "assert layers.ZeroPadding2D({'top_pad': 1, 'left_pad': 2}).padding == ((1, 0), (2, 0))",
    "load_img(grayscale=)": _K
    + "keras.utils.array_to_img(np.zeros((2, 3, 3))).save('p.png')\n"
    + "assert keras.utils.load_img('p.png', grayscale=True).mode == 'L'",
    "Conv2D(n, a, b)": _K
    + "made = layers.Conv2D(4, 3, 5); assert made.kernel_size == (3, 3) and made.strides == (5, 5)",
    "pooling without a size": _K + "assert layers.AveragePooling2D().pool_size == (2, 2)",
    "BatchNormalization(mode=1)": _K + "layers.BatchNormalization(mode=1)",
    # defaults
    **{
        f"{name}()": _K + f"assert abs(float(keras.optimizers.{name}().learning_rate) - 0.001) < 1e-9"
        for name in ("Adadelta", "Adagrad", "Adamax", "Nadam")
    },
    "l1_l2()": _K + "assert keras.regularizers.l1_l2().get_config() == {'l1': 0.0, 'l2': 0.0}",
    "hard_sigmoid": _K + "assert abs(float(layers.Activation('hard_sigmoid')(np.array([[1.0]]))[0, 0]) - 2 / 3) < 1e-6",
}
