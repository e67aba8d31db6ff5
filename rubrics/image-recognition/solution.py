# %% [markdown]
# # Image recognition with deep networks: model answers
#
# Every number quoted from a training depends on the seed and on the data set at hand; those below are typical of the real MNIST and
# CIFAR-10 with all of their training images.

# %%
import keras
import matplotlib.pyplot as plt
from keras import layers

NUM_CLASSES = 10

# %% [markdown]
# # Exercise 1: hand-written digits
#
# ### Question 1
#
# - Sorting letters and parcels by the postal code on the address.
# - Reading the amounts and account numbers on bank cheques and paying-in slips.
# - Entering forms that people fill in by hand: tax returns, census sheets, questionnaires, lottery tickets.
# - Grading exams whose answers are numbers, and reading the grades that teachers noted down.
# - Making archives searchable: dates, ages and sums in parish registers, ledgers and ships' logs.
# - Reading the state of water and electricity meters from photographs of a note.
# - Reading doses on medical prescriptions, where a person has to confirm every result.

# %%
(digits_train, digit_labels_train), (digits_test, digit_labels_test) = keras.datasets.mnist.load_data()

x_train = digits_train.reshape(-1, 784).astype("float32") / 255
x_test = digits_test.reshape(-1, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(digit_labels_train, NUM_CLASSES)
y_test = keras.utils.to_categorical(digit_labels_test, NUM_CLASSES)


def plot_history(history, name):
    """Accuracy and loss per epoch, each for the training and the validation images, in a figure of its own."""
    for metric in ("accuracy", "loss"):
        values = history.history[metric]
        epochs = range(1, len(values) + 1)
        plt.plot(epochs, values, label="training")
        plt.plot(epochs, history.history[f"val_{metric}"], "--", label="validation")
        plt.title(f"{metric.capitalize()} of the {name}")
        plt.xlabel("Epoch")
        plt.ylabel(metric.capitalize())
        plt.legend()
        plt.show()


# %% [markdown]
# ### Question 2
#
# The linear model: 256 units without an activation function, then softmax. The console text stands below.

# %%
linear = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        layers.Dense(256),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ],
    name="linear",
)
linear.summary()
linear.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
linear_history = linear.fit(x_train, y_train, batch_size=128, epochs=12, verbose=1, validation_split=0.2)

# %% [markdown]
# ### Question 3

# %%
plot_history(linear_history, "linear model")

# %% [markdown]
# ### Question 4
#
# The training accuracy rises from about 0.84 in the first epoch to 0.92 and is nearly flat after the fourth. The validation accuracy starts
# higher, at about 0.90, because it is measured at the end of an epoch while the training accuracy is a mean over the epoch, and then stays
# within half a percentage point of the training accuracy, moving up and down a little. There is hardly a gap between
# images that the model was trained on and unseen ones: what it learned generalises, and there is no overfitting. Both curves level off at a value that
# is far from perfect, so the model rather underfits: it is too simple for the task, and more epochs would not help.

# %% [markdown]
# ### Question 5

# %%
loss, accuracy = linear.evaluate(x_test, y_test, verbose=0)
print(f"Test loss {loss:.4f}, test accuracy {accuracy:.4f}")

# %% [markdown]
# The loss on the test set is about 0.29 and the accuracy about 0.92.
#
# ### Question 6
#
# An accuracy of 0.92 means that 8 percent of the digits are read wrongly. A post code of five digits would come out right in only
# 0.92^5 = 66 percent of the letters. That is not enough for any use in which a mistake costs something and nobody looks: bank transfers, medical
# doses, tax forms. It may be sufficient where a person checks the result anyway and the machine only saves typing, or where errors average
# out, as in a statistic over many forms. It depends on the application, on what an error costs and on whether doubtful images can be passed on to a person.
#
# ### Question 7
#
# A unit with linear activation gives a weighted sum of its inputs plus a bias. A layer of them is an affine map, x -> Wx + b, and the
# composition of two affine maps is one affine map again. The 256 units of the first layer thus add nothing: with its softmax output
# the network is equivalent to a single layer from 784 pixels to 10 classes, which is multinomial logistic regression. Between any
# two classes its decision boundary is a hyperplane in the space of pixels. It cannot represent
# that pixels matter in combination (XOR is the classic example), such as a stroke that counts only if another is absent, and it has in effect one
# template per digit. Classes that no hyperplane separates stay confused however long it is trained.

# %% [markdown]
# ### Question 8
#
# The same network with rectified linear activation in the first layer.

# %%
relu = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        layers.Dense(256, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ],
    name="relu",
)
relu.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
relu_history = relu.fit(x_train, y_train, batch_size=128, epochs=12, verbose=1, validation_split=0.2)

# %%
plot_history(relu_history, "model with rectified units")

# %% [markdown]
# ### Question 9
#
# Both accuracies are higher from the first epoch on and keep rising: the training accuracy passes 0.99 after some seven epochs and ends near 0.998,
# the validation accuracy reaches about 0.977 and stays there. The training loss falls towards zero, while the validation loss has its minimum after
# five or six epochs and then rises again. So the model is much better on new data than the linear one, but the gap between training and
# validation grows from epoch to epoch: it begins to overfit. It generalises well in absolute terms, worse relative to what it achieves
# on its own training images.

# %% [markdown]
# ### Question 10
#
# The convolutional model works on images of 28x28 pixels with one channel.

# %%
images_train = digits_train.reshape(-1, 28, 28, 1).astype("float32") / 255
images_test = digits_test.reshape(-1, 28, 28, 1).astype("float32") / 255

conv = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ],
    name="conv",
)
conv.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.Adadelta(learning_rate=1.0), metrics=["accuracy"]
)
conv_history = conv.fit(images_train, y_train, batch_size=128, epochs=6, verbose=1, validation_split=0.2)

# %%
plot_history(conv_history, "convolutional model")

# %% [markdown]
# ### Question 11
#
# The convolutional model is better after one epoch than the previous model after twelve. Its training accuracy climbs to 0.998 within
# six epochs, its validation accuracy from 0.975 to about 0.988. The gap of one percentage point is smaller than before, although this model has six times
# as many parameters: filters that are shared over the whole image pick up local features that occur in new
# images too. It generalises better. The validation accuracy is flat in the last epochs while the training accuracy still grows, so a
# longer training would bring overfitting.

# %% [markdown]
# ### Question 12

# %%
loss, accuracy = conv.evaluate(images_test, y_test, verbose=0)
print(f"Test loss {loss:.4f}, test accuracy {accuracy:.4f}")

# %% [markdown]
# The loss on the test set is about 0.03 and the accuracy about 0.989.
#
# ### Question 13
#
# Now about 1 percent of the digits are wrong, which is close to what people achieve on these images. For sorting post, indexing archives and
# pre-filling forms that is sufficient: 95 percent of five-digit codes are read without an error, and the rest are found when they do not exist
# or do not fit the town. Where a single wrong digit does harm, as in medical doses or amounts of money, it is acceptable only
# together with a safeguard: check digits, a comparison with the amount in words, or a person who reads whatever the model is not sure about. The real application may
# also have images that differ from MNIST, so that the error rate there has to be measured anew.

# %% [markdown]
# ### Question 14

# %%
dropout = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ],
    name="dropout",
)
dropout.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.Adadelta(learning_rate=1.0), metrics=["accuracy"]
)
dropout_history = dropout.fit(images_train, y_train, batch_size=128, epochs=6, verbose=1, validation_split=0.2)

# %%
plot_history(dropout_history, "convolutional model with dropout")

# %% [markdown]
# With dropout the training accuracy is lower in every epoch (about 0.985 instead of 0.998 at the end), because it is measured while units are being dropped.
# The validation accuracy, measured with all units, is as high or slightly higher, about 0.989, and lies above the training accuracy throughout; its loss
# does not turn upwards. An epoch takes a few percent longer, on our machine 29 seconds instead of 27: drawing the random masks and multiplying by
# them comes on top, while the convolutions, which take most of the time, are the same.
#
# ### Question 15
#
# Without dropout the model memorises details of the training images, and the training accuracy runs away from the validation accuracy. With dropout
# no unit can rely on another one being there, so that features have to be useful on their own; in effect many thinned networks are averaged. The
# gap closes, overfitting is suppressed, and the model generalises slightly better to unseen images. On a task as easy as this, and after
# six epochs only, the gain on the test set is a tenth of a percentage point; with longer training it would be larger.

# %% [markdown]
# # Exercise 2: objects
#
# ### Question 16

# %%
(objects_train, object_labels_train), (objects_test, object_labels_test) = keras.datasets.cifar10.load_data()

pictures_train = objects_train.astype("float32") / 255
pictures_test = objects_test.astype("float32") / 255
classes_train = keras.utils.to_categorical(object_labels_train, NUM_CLASSES)
classes_test = keras.utils.to_categorical(object_labels_test, NUM_CLASSES)

objects = keras.Sequential(
    [
        keras.Input(shape=(32, 32, 3)),
        layers.Conv2D(32, kernel_size=(3, 3), padding="same", activation="relu"),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Dropout(0.25),
        layers.Conv2D(32, kernel_size=(3, 3), padding="same", activation="relu"),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(NUM_CLASSES, activation="softmax"),
    ],
    name="objects",
)
objects.summary()
# A rate of 1e-4 that decays by 1e-6: rate / (1 + 1e-6 * step), which `decay=` stood for before Keras 3.
rate = keras.optimizers.schedules.InverseTimeDecay(1e-4, decay_steps=1, decay_rate=1e-6)
objects.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(learning_rate=rate), metrics=["accuracy"]
)
objects_history = objects.fit(
    pictures_train,
    classes_train,
    batch_size=32,
    epochs=20,
    verbose=1,
    validation_data=(pictures_test, classes_test),
    shuffle=True,
)

# %% [markdown]
# ### Question 17

# %%
plot_history(objects_history, "model for objects")

# %% [markdown]
# ### Question 18
#
# The accuracy starts far lower, near 0.27, and rises slowly and steadily: 0.68 on the training images and about 0.70 on the validation images after
# 20 epochs, with both curves still rising, where the digits were at 0.97 after one epoch. The validation accuracy lies above the training accuracy, an effect of dropout.
#
# The task is harder. Objects appear in colour, on all kinds of backgrounds, in any position, size and pose, partly hidden; one cat differs from another more than
# one 3 from another, and some classes (cat and dog, car and truck) are similar to each other. Digits are white strokes, centred on black ground. The
# learning rate of 0.0001 is also much smaller, which makes every epoch count for less, and the resolution of 32 x 32 pixels shows little of an object.
#
# ### Question 19
#
# On our machine an epoch takes 67 seconds, against 27 seconds for the digits. Several factors work together:
#
# - Four convolutional layers instead of two, all on maps of 32 channels or more.
# - Images of 32x32 pixels with three colour channels: 3,072 input values instead of 784.
# - 50,000 training images per epoch instead of the 48,000 that are left of MNIST after the validation split, and 10,000 validation images.
# - Batches of 32 instead of 128 images: 1,563 steps per epoch instead of 375, each with its own update of all parameters and its own overhead.
# - Three dropout layers, and an optimiser that keeps a running mean for every weight (Adadelta keeps two, so that this one works the other way).
#
# The number of parameters is not among them: with 624,106 it is about half that of the model for digits, most of whose weights
# sit in one cheap dense layer.

# %% [markdown]
# # Exercise 3: the steps of a convolutional network in plain NumPy
#
# An image with two channels and two filters, small enough to follow each step by hand. Images and feature maps have the shape
# (height, width, channels).

# %%
import numpy as np

random = np.random.default_rng(42)
image = random.integers(-3, 4, size=(6, 7, 2)).astype(float)
edges = np.stack([np.array([[1, 0, -1]] * 3), np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]])], axis=-1).astype(float)
blobs = np.stack([np.full((3, 3), -1.0), np.full((3, 3), 0.5)], axis=-1)
blobs[1, 1] = [8, 1]

# %% [markdown]
# ### Question 20
#
# The filter slides over the image as it is (a cross-correlation, as convolutional layers have it). At each place the products of the window's and the
# filter's values are summed over all channels, so that each filter gives a single map. Without padding the map is smaller than the image.


# %%
def convolve(image, kernel):
    height, width = kernel.shape[:2]
    rows = image.shape[0] - height + 1
    columns = image.shape[1] - width + 1
    feature_map = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = image[row : row + height, column : column + width]
            feature_map[row, column] = np.sum(window * kernel)
    return feature_map


feature_maps = np.stack([convolve(image, kernel) for kernel in (edges, blobs)], axis=-1)
feature_maps.shape

# %% [markdown]
# ### Question 21
#
# The rectifier sets negative values to zero and keeps the others.


# %%
def relu(x):
    return np.maximum(x, 0)


rectified = relu(feature_maps)

# %% [markdown]
# ### Question 22
#
# Each window of a map is replaced by its largest value; `stride` is the distance between windows. Windows that would reach over the edge are left out.


# %%
def max_pooling(feature_maps, size=2, stride=2):
    rows = (feature_maps.shape[0] - size) // stride + 1
    columns = (feature_maps.shape[1] - size) // stride + 1
    pooled = np.zeros((rows, columns, feature_maps.shape[2]))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = feature_maps[top : top + size, left : left + size]
            pooled[row, column] = window.max(axis=(0, 1))
    return pooled


pooled = max_pooling(rectified, size=2, stride=2)
pooled.shape

# %% [markdown]
# ### Question 23
#
# Each map is normalised by itself: minus its mean, divided by its standard deviation. The sum of the maps would give more weight to the one with the larger
# values otherwise.


# %%
def normalise(feature_maps):
    mean = feature_maps.mean(axis=(0, 1))
    deviation = feature_maps.std(axis=(0, 1))
    return (feature_maps - mean) / deviation


normalised = normalise(pooled)
normalised.mean(axis=(0, 1)), normalised.std(axis=(0, 1))

# %% [markdown]
# ### Question 24
#
# Every output is the sum of all inputs, each with a weight of its own, plus a bias. The weights are drawn at random, as the network is not trained here.


# %%
def fully_connected(x, outputs, bias=0.0):
    flat = x.reshape(-1)
    weights = random.normal(0, 1 / np.sqrt(flat.size), size=(flat.size, outputs))
    return flat @ weights + bias


scores = fully_connected(normalised, outputs=3, bias=0.1)
scores

# %% [markdown]
# ### Question 25
#
# Softmax turns scores into probabilities: positive, with a sum of 1. Subtracting the largest score changes nothing in the result, but keeps the exponential
# from overflowing.


# %%
def softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


probabilities = softmax(scores)
probabilities, probabilities.sum()
