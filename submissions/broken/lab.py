# %% [markdown]
# # Lab 7, neural networks
#
# Group: `<b>Böse & "Söhne"</b>` / {{ 7*7 }} / ../../group12 / 第七组 / O'Neill; DROP TABLE groups; --

# %%
from tensorflow import keras
from tensorflow.keras import layers, regularizers
import numpy as np
import matplotlib.pyplot as plt

(x_train, t_train), (x_test, t_test) = keras.datasets.mnist.load_data()
x_train = x_train / 255.0
x_test = x_test / 255.0
y_train = keras.utils.to_categorical(t_train, 10)
y_test = keras.utils.to_categorical(t_test, 10)

# %% [markdown]
# 1.1 The pixel values are scaled from 0-255 to 0-1, and the labels are made into one-hot vectors with ten positions so that they match the output of the network.

# %%
# 2.1 this is the network of the notebook
net = keras.Sequential([
    layers.Flatten(input_shape=(28, 28)),
    layers.Dense(64, activation='relu')
    layers.Dense(64, activation='relu'),
    layers.Dense(10, activation='softmax'),
])

# %% [markdown]
# 2.1.1 Four layers with the flatten layer.
#
# 2.1.2 64, 64 and 10 neurons.
#
# 2.1.3 relu and softmax
#
# 2.1.4 relu is non-linear and trains fast, softmax gives probabilities.
#
# 2.1.5 Could not run the cell above, by hand I get 784 * 64 + 64 * 64 + 64 * 10 = 54912
#
# 2.1.6 One input per pixel (784) and one output per digit (10).
#
# 2.2.1 categorical cross-entropy
#
# 2.2.2 - sum over the classes of y * log(p)
#
# 2.2.3 How improbable the network thought the true class was.

# %%
# 2.3
model = keras.Sequential([
    layers.Flatten(input_shape=(28, 28)),
    layers.Dense(64, activation='relu'),
    layers.Dense(64, activation='relu'),
    layers.Dense(10, activation='softmax'),
])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss='categorical_crossentropy', metrics=['accuracy'])
history = model.fit(x_train, y_train, epochs=10, batch_size=128, validation_data=(x_test, y_test))
plt.plot(history.history['accuracy'], label='training')
plt.plot(history.history['val_accuracy'], label='validation')
plt.title('Accuracy')
plt.xlabel('Epoch')
plt.ylabel('Accuracy')
plt.legend()
plt.show()
print('best:', max(histroy.history['val_accuracy']))

# %%
# just to see what happens
1/0

# %%
# 2.4 three-layer network, 500 and 300 hidden units
model = keras.Sequential([
    layers.Flatten(input_shape=(28, 28)),
    layers.Dense(500, activation='relu'),
    layers.Dense(300, activation='relu'),
    layers.Dense(10, activation='softmax'),
])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss='categorical_crossentropy', metrics=['accuracy'])
history = model.fit(x_train, y_train, epochs=40, batch_size=128, validation_data=(x_test, y_test))
print('best validation accuracy', max(history.history['val_accuracy']))

# %%
# 2.4 weight decay, 5 regularization factors with 3 replicates
results = {}
for factor in [1e-6, 1e-5, 1e-4, 5e-4, 1e-3]:
    results[factor] = []
    for i in range(3):
        m = keras.Sequential([
            layers.Dense(500, activation='relu', kernel_regularizer=regularizers.l2(factor), input_shape=(784,)),
            layers.Dense(300, activation='relu', kernel_regularizer=regularizers.l2(factor)),
            layers.Dense(10, activation='softmax'),
        ])
        m.compile(optimizer='sgd', loss='categorical_crossentropy', metrics=['accuracy'])
        h = m.fit(x_train, y_train, epochs=5, batch_size=128, validation_data=(x_test, y_test))
        results[factor].append(h.history['val_accuracy'][-1])

# %% [markdown]
# 2.4 Reflection: the learning rate, the number of epochs and the initial weights are not given, so it is hard to get exactly the same result.

# %%
# 3.1 convolutional network
images = np.reshape(x_train, (60000, 28, 28, 1))
test_images = np.reshape(x_test, (10000, 28, 28, 1))
cnn = keras.Sequential([
    layers.Conv2D(16, (3, 3), activation='relu', input_shape=(28, 28, 1)),
    layers.MaxPooling2D((2, 2)),
    layers.Conv2D(32, (3, 3), activation='relu'),
    layers.MaxPooling2D((2, 2)),
    layers.Flatten(),
    layers.Dense(64, activation='relu'),
    layers.Dense(10, activation='softmax'),
])
cnn.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
history = cnn.fit(images, y_train, epochs=8, batch_size=128, validation_data=(test_images, y_test))
plt.plot(history.history['val_accuracy'])
plt.title('Convolutional network')
plt.xlabel('Epoch')
plt.ylabel('Validation accuracy')
plt.show()

# %% [markdown]
# 3.2 The convolution uses the same small filter everywhere, so there are fewer parameters than with fully connected layers and a digit can be shifted a bit without changing the result.
