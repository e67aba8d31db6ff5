"""Habits: copies of models, retries, reloads, and what else students run beside what was asked."""

from __future__ import annotations

import ast
from random import Random

from generator.code import Place, argument, copied, expression, places, receiver, set_argument, statements, text
from generator.nouns import Handin, Step, UnfitError
from generator.transforms import transform


def _after_training(handin: Handin, rng: Random, source: str) -> None:
    """Put lines behind one of the trainings at the top; `{model}` and `{label}` stand for the network and its name."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit" and place.model]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    lines = source.format(model=receiver(place.call), label=place.model)
    at = next(at for at, block in enumerate(handin.blocks) if block is place.step)
    handin.blocks.insert(at + 1, Step(statements(lines), "other", place.step.question, place.model))


@transform("habits", "copy")
def copy_by_clone(handin: Handin, rng: Random) -> None:
    """The trained network is cloned, and the weights are copied over."""
    _after_training(
        handin, rng, "twin = keras.models.clone_model({model})\ntwin.set_weights({model}.get_weights())\ntwin.summary()"
    )


@transform("habits", "copy")
def copy_by_saving(handin: Handin, rng: Random) -> None:
    """The trained network is saved, loaded again and evaluated."""
    _after_training(
        handin,
        rng,
        "{model}.save('network.keras')\nloaded = keras.models.load_model('network.keras')\n"
        "print(loaded.evaluate(x_test, y_test, verbose=0))",
    )


@transform("habits", "copy")
def copy_by_json(handin: Handin, rng: Random) -> None:
    """The network is written as JSON and its weights to a file; a second one is made of them."""
    _after_training(
        handin,
        rng,
        "description = {model}.to_json()\n{model}.save_weights('network.weights.h5')\n"
        "again = keras.models.model_from_json(description)\nagain.load_weights('network.weights.h5')",
    )


@transform("habits", "retry")
def short_trial_before(handin: Handin, rng: Random) -> None:
    """A network is tried for two epochs, then built and compiled anew and trained in full."""
    place, build, trial = _trial(handin, rng)
    first = next(at for at, block in enumerate(handin.blocks) if block is build.step)
    handin.blocks.insert(first, Step(trial, "other", build.step.question, place.model, opens=True))
    build.step.opens = True


@transform("habits", "retry")
def short_trial_after(handin: Handin, rng: Random) -> None:
    """Behind the training that is plotted, the same network is built anew and trained for two epochs."""
    place, _, trial = _trial(handin, rng)
    # Nothing keeps the history of the trial: the plotted one stays what its name says.
    trial[-1] = ast.Expr(value=trial[-1].value)  # type: ignore[attr-defined]
    at = _last_of(handin, place.step)
    handin.blocks.insert(at + 1, Step(trial, "other", place.step.question, place.model, opens=True))


def _trial(handin: Handin, rng: Random) -> tuple[Place, Place, list[ast.stmt]]:
    """A training, where its network is built, and what builds, compiles and trains that one anew for two epochs."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit" and place.model]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    build = places(handin, "Sequential", model=place.model)[0]
    compiled = places(handin, "compile", model=place.model)[0]
    fit = copied(place.statement)
    value = getattr(fit, "value", None)
    assert isinstance(value, ast.Call)
    set_argument(value, "epochs", expression("2"))
    return place, build, [copied(build.statement), copied(compiled.statement), fit]


def _last_of(handin: Handin, step: Step) -> int:
    """Where the code of the step's question ends."""
    where = next(at for at, block in enumerate(handin.blocks) if block is step)
    while where + 1 < len(handin.blocks):
        block = handin.blocks[where + 1]
        if not isinstance(block, Step) or block.model not in (None, step.model):
            break
        where += 1
    return where


@transform("habits", "reload")
def data_reloaded(handin: Handin, rng: Random) -> None:
    """The data are loaded and prepared a second time, before the last training."""
    data = handin.step("data")
    prepared = [step for step in handin.steps if step.role == "scale"]
    last = [step for step in handin.steps if step.role == "build"][-1]
    at = next(at for at, block in enumerate(handin.blocks) if block is last)
    lines = [copied(s) for step in (data, *prepared) for s in step.statements]
    handin.blocks.insert(at, Step(lines, "other", last.question, opens=True))
    last.opens = True
    handin.truth.may |= {"reloaded_data", "repeated_cell"}


@transform("habits", "evaluated")
def evaluated_after_each(handin: Handin, rng: Random) -> None:
    """Each network is evaluated on the test set right after its training, and the accuracy printed."""
    for place in places(handin, "fit"):
        if place.step.role == "fit":
            name = receiver(place.call)
            place.add_after(
                *statements(f"score = {name}.evaluate(x_test, y_test, verbose=0)\nprint('Test accuracy:', score[1])")
            )


@transform("habits", "checkpoint")
def checkpoint_callback(handin: Handin, rng: Random) -> None:
    """The best weights are kept by a callback."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit"]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    callback = "[keras.callbacks.ModelCheckpoint('best.keras', monitor='val_accuracy', save_best_only=True)]"
    set_argument(place.call, "callbacks", expression(callback))
    handin.truth.may.add("chosen_on_test")


@transform("habits", "checkpoint")
def own_callback(handin: Handin, rng: Random) -> None:
    """A callback of the group's own prints a line an epoch."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit"]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    source = (
        "class Watch(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n"
        "        print(epoch, logs['val_accuracy'])\n"
    )
    place.add_before(*statements(source))
    set_argument(place.call, "callbacks", expression("[Watch()]"))
    handin.exempt("accuracy", "trained in the sandbox", model=place.model)


@transform("habits", "extra")
def further_experiment(handin: Handin, rng: Random) -> None:
    """A network that nobody asked for is trained at the end."""
    source = (
        "trial = keras.Sequential([keras.Input(shape=(28, 28)), layers.Flatten(), "
        "layers.Dense(20, activation='sigmoid'), layers.Dense(10, activation='softmax')])\n"
        "trial.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy'])\n"
        "trial.fit(x_train, y_train, batch_size=64, epochs=3, verbose=0)"
    )
    if not any("to_categorical" in text(step.statements) for step in handin.steps):
        raise UnfitError("labels are whole numbers")
    handin.blocks.append(Step(statements(source), "other", opens=True))


@transform("habits", "look")
def looks_at_the_data(handin: Handin, rng: Random) -> None:
    """A few images are shown, and shapes printed, before anything is trained."""
    data = handin.step("data")
    target = data.statements[0].targets[0]  # type: ignore[attr-defined]
    first = text(target.elts[0].elts[0])
    source = (
        f"print({first}.shape, {first}.dtype)\nfor number in range(9):\n    plt.subplot(3, 3, number + 1)\n"
        f"    plt.imshow({first}[number], cmap='gray')\n    plt.axis('off')\nplt.show()"
    )
    at = next(at for at, block in enumerate(handin.blocks) if block is data)
    handin.blocks.insert(at + 1, Step(statements(source), "other", data.question))


@transform("habits", "tf_data")
def tf_data_pipeline(handin: Handin, rng: Random) -> None:
    """One training reads its rows from a `tf.data` pipeline."""
    found = [
        place for place in places(handin, "fit") if place.step.role == "fit" and argument(place.call, "batch_size")
    ]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    size = text(argument(place.call, "batch_size"))  # type: ignore[arg-type]
    x, y = text(place.call.args[0]), text(place.call.args[1])
    source = (
        f"import tensorflow as tf\ntrain_rows = tf.data.Dataset.from_tensor_slices(({x}, {y}))"
        f".shuffle(10000).batch({size})\ntest_rows = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch({size})"
    )
    place.add_before(*statements(source))
    place.call.args = [expression("train_rows")]
    set_argument(place.call, "batch_size", None)
    if argument(place.call, "validation_data") is not None:
        set_argument(place.call, "validation_data", expression("test_rows"))
    handin.exempt("accuracy", "trained in the sandbox", model=place.model)


@transform("habits", "seed")
def seeded(handin: Handin, rng: Random) -> None:
    """Random seeds are set at the top."""
    handin.step("imports").statements += statements("np.random.seed(1)\nkeras.utils.set_random_seed(1)")
    handin.truth.may.discard("unseeded")


@transform("habits", "checkpoint")
def early_stopping(handin: Handin, rng: Random) -> None:
    """A callback stops a training that no longer gets better."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit"]
    if not found:
        raise UnfitError("no training")
    place = rng.choice(found)
    if argument(place.call, "validation_data") is None and argument(place.call, "validation_split") is None:
        raise UnfitError("nothing to watch")
    set_argument(place.call, "callbacks", expression("[keras.callbacks.EarlyStopping(patience=50)]"))
    handin.truth.may.add("chosen_on_test")
