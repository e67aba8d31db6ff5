# Image recognition, group 7
import numpy as np
import matplotlib.pyplot as plt
from tensorflow import keras
from tensorflow.keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

# ---------- Exercise 1: digits ----------
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
images_train = x_train.reshape(len(x_train), 28, 28, 1) / 255
images_test = x_test.reshape(len(x_test), 28, 28, 1) / 255
x_train = images_train.reshape(len(x_train), 784)
x_test = images_test.reshape(len(x_test), 784)
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)


def show_history(history, title):
    plt.plot(history.history['accuracy'])
    plt.plot(history.history['val_accuracy'])
    plt.title(title + ': accuracy')
    plt.ylabel('accuracy')
    plt.xlabel('epoch')
    plt.legend(['training', 'validation'])
    plt.show()
    plt.plot(history.history['loss'])
    plt.plot(history.history['val_loss'])
    plt.title(title + ': loss')
    plt.ylabel('accuracy')
    plt.xlabel('epoch')
    plt.legend(['training', 'validation'])
    plt.show()


# Question 2
model = keras.Sequential()
model.add(Dense(256, input_shape=(784,)))
model.add(Dense(10, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.RMSprop(), metrics='accuracy')
model.summary()
history = model.fit(x_train, y_train, batch_size=128, epochs=12, verbose=1, validation_split=0.2)

# Question 3
show_history(history, 'Linear model')

# Question 5
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print('test loss', loss, 'test accuracy', accuracy)

# Question 8
model_relu = keras.Sequential()
model_relu.add(Dense(256, activation='relu', input_shape=(784,)))
model_relu.add(Dense(10, activation='softmax'))
model_relu.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.RMSprop(), metrics='accuracy')
history = model_relu.fit(x_train, y_train, batch_size=128, epochs=12, verbose=1, validation_split=0.2)
show_history(history, 'Rectified units')

# Question 10
model_conv = keras.Sequential()
model_conv.add(Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)))
model_conv.add(Conv2D(64, (3, 3), activation='relu'))
model_conv.add(MaxPooling2D((2, 2)))
model_conv.add(Flatten())
model_conv.add(Dense(128, activation='relu'))
model_conv.add(Dense(10, activation='softmax'))
model_conv.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.Adadelta(lr=1), metrics='accuracy')
history = model_conv.fit(images_train, y_train, batch_size=128, epochs=6, verbose=1, validation_split=0.2)
show_history(history, 'Convolutional model')

# Question 12
loss, accuracy = model_relu.evaluate(x_test, y_test, verbose=0)
print('test loss', loss, 'test accuracy', accuracy)

# Question 14
model_drop = keras.Sequential()
model_drop.add(Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)))
model_drop.add(Conv2D(64, (3, 3), activation='relu'))
model_drop.add(MaxPooling2D((2, 2)))
model_drop.add(Dropout(0.25))
model_drop.add(Flatten())
model_drop.add(Dense(128, activation='relu'))
model_drop.add(Dropout(0.5))
model_drop.add(Dense(10, activation='softmax'))
model_drop.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.Adadelta(lr=1), metrics='accuracy')
history_drop = model_drop.fit(images_train, y_train, batch_size=128, epochs=6, verbose=1, validation_split=0.2)
show_history(history, 'With dropout')

# ---------- Exercise 2: objects ----------
# Question 16
(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
x_train = x_train / 255
x_test = x_test / 255
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)

model = keras.Sequential()
model.add(Conv2D(32, (3, 3), padding='same', activation='relu', input_shape=(32, 32, 3)))
model.add(Conv2D(32, (3, 3), activation='relu'))
model.add(MaxPooling2D((2, 2)))
model.add(Dropout(0.25))
model.add(Conv2D(32, (3, 3), activation='relu'))
model.add(Conv2D(32, (3, 3), activation='relu'))
model.add(MaxPooling2D((2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(512, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(10, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer=keras.optimizers.RMSprop(lr=0.0001, decay=1e-6),
              metrics='accuracy')
history = model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_test, y_test), shuffle=True)

# Question 17
show_history(history, 'Objects')


# ---------- Exercise 3: a network by hand ----------
# Question 20
def convolve(image, filters):
    """image: height x width x channels, filters: number x height x width x channels"""
    number, fh, fw, _ = filters.shape
    height, width = image.shape[0] - fh + 1, image.shape[1] - fw + 1
    maps = np.zeros((height, width, number))
    for f in range(number):
        for i in range(height):
            for j in range(width):
                maps[i, j, f] = np.sum(image[i:i + fh, j:j + fw, :] * filters[f])
    return maps


# Question 21
def relu(maps):
    return np.maximum(maps, 0)


# Question 22
def max_pool(maps, size, stride):
    height, width = maps.shape[0] // size, maps.shape[1] // size
    pooled = np.zeros((height, width, maps.shape[2]))
    for i in range(height):
        for j in range(width):
            patch = maps[i * size:(i + 1) * size, j * size:(j + 1) * size, :]
            pooled[i, j, :] = patch.max(axis=(0, 1))
    return pooled


# Question 23
def normalise(maps):
    for f in range(maps.shape[2]):
        maps[:, :, f] = (maps[:, :, f] - maps[:, :, f].mean()) / maps[:, :, f].std()
    return maps


# Question 24
def fully_connected(maps, outputs):
    flat = maps.flatten()
    weights = np.random.randn(outputs, len(flat))
    bias = np.random.randn(outputs)
    return weights @ flat + bias


# Question 25
def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))


image = np.random.randint(0, 3, (6, 6, 2)).astype(float)
filters = np.random.randint(-1, 2, (2, 3, 3, 2)).astype(float)
maps = normalise(max_pool(relu(convolve(image, filters)), 2, 2))
print(softmax(fully_connected(maps, 3)))
