# %% [markdown]
# # Hand-written digits with and without dropout: model answers
#
# Every number quoted from a training depends on the seed and on the data set at hand; those below are typical of the real MNIST with
# all of its 60,000 training images.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

(images_train, y_train), (images_test, y_test) = keras.datasets.mnist.load_data()

# %% [markdown]
# ### sample-digits
#
# The first sixteen training images with their labels.

# %%
figure, grid = plt.subplots(4, 4, figsize=(6, 6.5))
for axes, image, label in zip(grid.flat, images_train, y_train):
    axes.imshow(image, cmap="gray")
    axes.set_title(str(label))
    axes.axis("off")
plt.show()

# %% [markdown]
# ### pixel-histogram
#
# How often each level of grey occurs in one image. Four fifths of its pixels are black; most of the others are nearly white, and few lie
# between, on the edges of the strokes.

# %%
plt.hist(images_train[0].ravel(), bins=32, range=(0, 256))
plt.title(f"Pixel values of one image of a {y_train[0]}")
plt.xlabel("Pixel value")
plt.ylabel("Number of pixels")
plt.show()

# %% [markdown]
# ### input-scaling
#
# The images become vectors of 784 numbers, and their pixels, whole numbers from 0 to 255, are divided by 255. Inputs between 0 and 1 suit the
# initial weights and the learning rate: with raw pixels the first activations would be hundreds of times larger, the loss would start far
# above log(10) = 2.3, and training would be less steady.

# %%
x_train = images_train.reshape(-1, 784).astype("float32") / 255
x_test = images_test.reshape(-1, 784).astype("float32") / 255

# %% [markdown]
# ### model-dropout
#
# Two hidden layers of 512 rectified units, with a dropout of 0.2 between them.

# %%
with_dropout = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    name="with_dropout",
)
with_dropout.summary()
with_dropout.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
dropout_history = with_dropout.fit(
    x_train, y_train, batch_size=128, epochs=15, validation_data=(x_test, y_test), verbose=2
)

# %% [markdown]
# ### model-plain
#
# The same network without dropout.

# %%
without_dropout = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        layers.Dense(512, activation="relu"),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    name="without_dropout",
)
without_dropout.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
plain_history = without_dropout.fit(
    x_train, y_train, batch_size=128, epochs=15, validation_data=(x_test, y_test), verbose=2
)

# %% [markdown]
# ### model-saved

# %%
with_dropout.save("mnist_with_dropout.keras")
without_dropout.save("mnist_without_dropout.keras")

# %% [markdown]
# ### comparison-plot
#
# Validation accuracy and training accuracy of both models in one figure.

# %%
epochs = range(1, 16)
plt.plot(epochs, dropout_history.history["accuracy"], color="C0", linestyle=":", label="with dropout, training")
plt.plot(epochs, dropout_history.history["val_accuracy"], color="C0", label="with dropout, validation")
plt.plot(epochs, plain_history.history["accuracy"], color="C1", linestyle=":", label="without dropout, training")
plt.plot(epochs, plain_history.history["val_accuracy"], color="C1", label="without dropout, validation")
plt.title("Accuracy with and without dropout")
plt.xlabel("Epoch")
plt.ylabel("Accuracy")
plt.legend()
plt.show()

# %% [markdown]
# ### loss-plot

# %%
plt.plot(epochs, dropout_history.history["loss"], label="training")
plt.plot(epochs, dropout_history.history["val_loss"], label="validation")
plt.title("Loss with dropout")
plt.xlabel("Epoch")
plt.ylabel("Loss")
plt.legend()
plt.show()

# %% [markdown]
# ### observed-difference

# %%
for name, history in (("with dropout", dropout_history), ("without dropout", plain_history)):
    training, validation = history.history["accuracy"][-1], history.history["val_accuracy"][-1]
    print(f"{name}: training {training:.4f}, validation {validation:.4f}, gap {training - validation:.4f}")

# %% [markdown]
# Both models reach a validation accuracy of about 0.982, with or without dropout; the difference is of the size of what another seed gives. What differs
# is the training. Without dropout the training accuracy comes to 0.998 and the validation loss rises from the fourth epoch on: the model is overfitting, and gets ever
# more certain of its mistakes. With dropout the training accuracy rises more slowly, since units are missing while it is measured, the gap between both
# curves is smaller, and the validation loss grows less. Dropout regularises: no unit can rely on one particular other unit, so that
# the model generalises rather than memorises.

# %% [markdown]
# ### evaluation-dropout

# %%
loss, accuracy = with_dropout.evaluate(x_test, y_test, verbose=0)
print(f"With dropout: test loss {loss:.4f}, test accuracy {accuracy:.4f}")

# %% [markdown]
# ### evaluation-plain

# %%
loss, accuracy = without_dropout.evaluate(x_test, y_test, verbose=0)
print(f"Without dropout: test loss {loss:.4f}, test accuracy {accuracy:.4f}")

# %% [markdown]
# ### test-predictions
#
# Twenty-five test images drawn at random, with the digit that the model with dropout predicts and the true one.

# %%
predicted = with_dropout.predict(x_test, verbose=0).argmax(axis=1)
chosen = np.random.default_rng(7).choice(len(x_test), 25, replace=False)
figure, grid = plt.subplots(5, 5, figsize=(8, 9))
for axes, index in zip(grid.flat, chosen):
    axes.imshow(images_test[index], cmap="gray")
    axes.set_title(f"predicted {predicted[index]}, true {y_test[index]}", fontsize=8)
    axes.axis("off")
plt.show()

# %% [markdown]
# ### right-and-wrong

# %%
right = int((predicted == y_test).sum())
print(f"{right} test images are classified correctly, {len(y_test) - right} wrongly.")

# %% [markdown]
# ### confusion-matrix
#
# Rows are the true digits, columns the predicted ones.

# %%
matrix = np.zeros((10, 10), dtype=int)
np.add.at(matrix, (y_test, predicted), 1)
plt.imshow(matrix, cmap="Blues")
for row in range(10):
    for column in range(10):
        shade = "white" if matrix[row, column] > matrix.max() / 2 else "black"
        plt.text(column, row, matrix[row, column], ha="center", va="center", color=shade, fontsize=7)
plt.title("Confusion matrix of the model with dropout")
plt.xlabel("Predicted digit")
plt.ylabel("True digit")
plt.xticks(range(10))
plt.yticks(range(10))
plt.show()
