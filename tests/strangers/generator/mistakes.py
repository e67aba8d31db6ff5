"""Mistakes: what a student gets wrong, and which points that must cost."""

from __future__ import annotations

import ast
from random import Random

from generator.code import Place, argument, callee, expression, layer_calls, places, set_argument, text
from generator.nouns import Handin, UnfitError
from generator.solution import networks
from generator.transforms import transform

_SHORT = "partial failed"


def _networks(handin: Handin, kind: str) -> list[Place]:
    """The networks about which a criterion of `kind` asks."""
    asked = {question.model for question in handin.lab.questions for one in question.criteria if one.kind == kind}
    return [place for place in places(handin, "Sequential") if place.model in asked]


def _one(found: list[Place], rng: Random) -> Place:
    if not found:
        raise UnfitError("no such network")
    return rng.choice(found)


def _exact(handin: Handin) -> list[Place]:
    """The networks whose layers are asked for one by one."""
    free = {
        question.model
        for question in handin.lab.questions
        for one in question.criteria
        if one.kind == "architecture" and "must_have" in one.options
    }
    return [place for place in _networks(handin, "architecture") if place.model not in free]


def _dense(place: Place) -> list[ast.Call]:
    return [layer for layer in layer_calls(place.call) if callee(layer) == "Dense"]


def _changed(handin: Handin, model: str | None, why: str) -> None:
    """The network is another one now: its own criteria follow from what the transform said."""
    handin.truth.networks.update(networks(handin))
    handin.exempt("accuracy", why, model=model)


@transform("mistakes", "layers")
def wrong_units(handin: Handin, rng: Random) -> None:
    """A hidden layer has another number of units."""
    place = _one(_exact(handin), rng)
    layer = _dense(place)[0]
    why = f"the first hidden layer of {place.model} has 48 units"
    layer.args[0] = expression("48")
    handin.expect("architecture", _SHORT, why, model=place.model)
    handin.expect("parameters", _SHORT, why, model=place.model)
    _changed(handin, place.model, why)


@transform("mistakes", "layers")
def wrong_activation(handin: Handin, rng: Random) -> None:
    """The hidden layers use the hyperbolic tangent."""
    place = _one(_exact(handin), rng)
    why = f"the hidden layers of {place.model} use tanh"
    for layer in _dense(place)[:-1]:
        set_argument(layer, "activation", expression("'tanh'"))
    handin.expect("architecture", _SHORT, why, model=place.model)
    _changed(handin, place.model, why)


@transform("mistakes", "layers")
def further_layer(handin: Handin, rng: Random) -> None:
    """A network has one hidden layer more than was asked for."""
    place = _one(_exact(handin), rng)
    listed = place.call.args[0]
    assert isinstance(listed, ast.List)
    listed.elts.insert(len(listed.elts) - 1, expression("layers.Dense(32, activation='relu')"))
    why = f"{place.model} has a hidden layer more"
    handin.expect("architecture", _SHORT, why, model=place.model)
    handin.expect("parameters", _SHORT, why, model=place.model)
    _changed(handin, place.model, why)


@transform("mistakes", "compile")
def wrong_loss(handin: Handin, rng: Random) -> None:
    """A network is trained with binary cross-entropy."""
    place = _one(_compiled(handin), rng)
    set_argument(place.call, "loss", expression("'binary_crossentropy'"))
    why = f"{place.model} is trained with binary cross-entropy"
    handin.expect("compiled", _SHORT, why, model=place.model)
    handin.exempt("accuracy", why, model=place.model)
    handin.must_observe("loss_mismatch", why, about=place.model)
    handin.truth.may.add("loss_differs")


@transform("mistakes", "compile")
def wrong_optimizer(handin: Handin, rng: Random) -> None:
    """A network is trained with Adam."""
    place = _one([one for one in _compiled(handin) if _optimizer_asked(handin, one.model)], rng)
    set_argument(place.call, "optimizer", expression("'adamax'"))
    why = f"{place.model} is trained with Adamax"
    handin.expect("compiled", _SHORT, why, model=place.model)
    handin.exempt("accuracy", why, model=place.model)


@transform("mistakes", "compile")
def wrong_rate(handin: Handin, rng: Random) -> None:
    """A network is trained with a tenth of the learning rate, as the optimizer's name alone gives."""
    chosen = [one for one in _compiled(handin) if _optimizer_asked(handin, one.model)]
    place = _one([one for one in chosen if "SGD" in text(one.call)], rng)
    set_argument(place.call, "optimizer", expression("'sgd'"))
    why = f"{place.model} is trained with a learning rate of 0.01"
    handin.expect("compiled", _SHORT, why, model=place.model)
    handin.exempt("accuracy", why, model=place.model)


def _compiled(handin: Handin) -> list[Place]:
    asked = {question.model for question in handin.lab.questions for one in question.criteria if one.kind == "compiled"}
    return [place for place in places(handin, "compile") if place.model in asked]


def _optimizer_asked(handin: Handin, model: str | None) -> bool:
    return any(one.options.get("optimizer") != "any" for one in handin.lab.criteria("compiled", model=model))


@transform("mistakes", "epochs")
def fewer_epochs(handin: Handin, rng: Random) -> None:
    """A network is trained for fewer epochs than were asked for."""
    asked = {question.model for question in handin.lab.questions for one in question.criteria if one.kind == "trained"}
    place = _one([one for one in places(handin, "fit") if one.model in asked], rng)
    value = argument(place.call, "epochs")
    assert isinstance(value, ast.Constant)
    assert isinstance(value.value, int)
    fewer = max(2, value.value // 2)
    why = f"{place.model} is trained for {fewer} epochs"
    _draw_epochs(handin, value.value, fewer)
    value.value = fewer
    handin.expect("trained", _SHORT, why, model=place.model)
    handin.truth.networks.update(networks(handin))
    handin.exempt("accuracy", why, model=place.model)


def _draw_epochs(handin: Handin, epochs: int, fewer: int) -> None:
    """`range(1, 11)` of a plot follows the epochs."""
    for step in handin.steps:
        if step.role == "plot":
            for statement in step.statements:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Constant) and node.value == epochs + 1:
                        node.value = fewer + 1


@transform("mistakes", "regulariser")
def decay_on_one_layer(handin: Handin, rng: Random) -> None:
    """The sweep's penalty stands on the first hidden layer alone."""
    place, penalised = _penalised(handin)
    if len(penalised) < 2:
        raise UnfitError("one penalised layer")
    set_argument(penalised[-1], "kernel_regularizer", None)
    why = "weight decay on one of two hidden layers"
    handin.expect("sweep", _SHORT, why, model=place.model)
    handin.must_observe("decay_missing", why, about=place.model)


@transform("mistakes", "regulariser")
def l1_for_l2(handin: Handin, rng: Random) -> None:
    """The sweep's penalty is that of absolute values."""
    place, penalised = _penalised(handin)
    for layer in penalised:
        penalty = argument(layer, "kernel_regularizer")
        assert isinstance(penalty, ast.Call)
        assert isinstance(penalty.func, ast.Attribute)
        penalty.func.attr = "L1"
    handin.expect("sweep", _SHORT, "L1 in place of L2", model=place.model)


@transform("mistakes", "regulariser")
def activity_regularizer(handin: Handin, rng: Random) -> None:
    """The sweep's penalty stands on the activities in place of the weights."""
    place, penalised = _penalised(handin)
    for layer in penalised:
        penalty = argument(layer, "kernel_regularizer")
        set_argument(layer, "kernel_regularizer", None)
        set_argument(layer, "activity_regularizer", penalty)
    # Factors and replicates are there, and are worth what they would be with the right penalty.
    why = "the activities are penalised, not the weights"
    handin.expect("sweep", "partial", why, model=place.model, share=0.3)
    handin.truth.may |= {"decay_missing"}


@transform("mistakes", "regulariser")
def no_regulariser(handin: Handin, rng: Random) -> None:
    """The sweep runs over factors that its networks never see."""
    place, penalised = _penalised(handin)
    for layer in penalised:
        set_argument(layer, "kernel_regularizer", None)
    why = "the factor reaches no layer"
    handin.expect("sweep", _SHORT, why, model=place.model)
    handin.exempt("error_bar_plot", why, model=place.model)
    handin.truth.may |= {"decay_missing"}


def _penalised(handin: Handin) -> tuple[Place, list[ast.Call]]:
    for place in places(handin, "Sequential"):
        found = [layer for layer in layer_calls(place.call) if argument(layer, "kernel_regularizer") is not None]
        if found and place.step.role == "sweep":
            return place, found
    raise UnfitError("no network with a penalty")


@transform("mistakes", "sweep_size")
def four_factors(handin: Handin, rng: Random) -> None:
    """The sweep has four factors where five were asked for."""
    step = handin.step("sweep")
    changed = False
    for other in handin.steps:
        for statement in other.statements:
            for node in ast.walk(statement):
                if callee(node) == "logspace":
                    assert isinstance(node, ast.Call)
                    node.args[2] = expression("4")
                    changed = True
    if not changed:
        raise UnfitError("no factors on a logarithmic scale")
    handin.expect("sweep", _SHORT, "four factors", model=step.model)
    network = handin.truth.networks[step.model or ""]
    assert network is not None
    handin.truth.networks[step.model or ""] = type(network)(network.layers, network.epochs, 12)


@transform("mistakes", "sweep_size")
def one_replicate(handin: Handin, rng: Random) -> None:
    """The sweep trains one network a factor where three were asked for."""
    step = handin.step("sweep")
    for other in handin.steps:
        for statement in other.statements:
            if isinstance(statement, ast.Assign) and text(statement.targets[0]) == "replicates":
                statement.value = expression("1")
                handin.expect("sweep", _SHORT, "one replicate", model=step.model)
                handin.exempt("error_bar_plot", "no spread over one replicate", model=step.model)
                network = handin.truth.networks[step.model or ""]
                assert network is not None
                handin.truth.networks[step.model or ""] = type(network)(network.layers, network.epochs, 5)
                return
    raise UnfitError("no number of replicates")


@transform("mistakes", "scale")
def unscaled_pixels(handin: Handin, rng: Random) -> None:
    """Pixels are never divided by 255."""
    changed = 0
    for node in handin.nodes():
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign) or not isinstance(value, ast.BinOp):
            continue
        if isinstance(value.op, ast.Div) and text(value.right) == "255":
            node.value = value.left
            changed += 1
    if not changed:
        raise UnfitError("pixels are not divided by 255")
    why = "pixels are not scaled"
    handin.exempt("accuracy", why)
    handin.expect("scaled", "partial failed", why)
    handin.must_observe("unscaled_input", why)


@transform("mistakes", "evaluated")
def evaluated_on_training_data(handin: Handin, rng: Random) -> None:
    """What should be measured on the test set is measured on the training data."""
    asked = {one.question: one for one in handin.lab.criteria("evaluated")}
    found = [place for place in places(handin, "evaluate") if place.step.question in asked]
    place = _one(found, rng)
    for node in ast.walk(place.call):
        if isinstance(node, ast.Name) and node.id.endswith("_test"):
            node.id = node.id.removesuffix("_test") + "_train"
    why = "it is evaluated on the training data"
    handin.expect("evaluated", _SHORT, why, question=place.step.question)


@transform("mistakes", "epochs")
def more_epochs(handin: Handin, rng: Random) -> None:
    """A network is trained for more epochs than were asked for."""
    asked = {question.model for question in handin.lab.questions for one in question.criteria if one.kind == "trained"}
    place = _one([one for one in places(handin, "fit") if one.model in asked], rng)
    value = argument(place.call, "epochs")
    assert isinstance(value, ast.Constant)
    assert isinstance(value.value, int)
    more = value.value + 5
    why = f"{place.model} is trained for {more} epochs"
    _draw_epochs(handin, value.value, more)
    value.value = more
    handin.expect("trained", _SHORT, why, model=place.model)
    handin.truth.networks.update(networks(handin))
    handin.exempt("accuracy", why, model=place.model)


@transform("mistakes", "layers")
def no_activation_at_the_end(handin: Handin, rng: Random) -> None:
    """The last layer has no activation, and the loss is not told so."""
    place = _one(_exact(handin), rng)
    set_argument(_dense(place)[-1], "activation", None)
    why = f"{place.model} ends without softmax"
    handin.expect("architecture", _SHORT, why, model=place.model)
    handin.expect("compiled", "passed partial failed", why, model=place.model)
    handin.must_observe("loss_mismatch", why, about=place.model)
    _changed(handin, place.model, why)


@transform("mistakes", "layers sweep_layers")
def further_layer_in_the_sweep(handin: Handin, rng: Random) -> None:
    """The networks of the sweep have a hidden layer more than was asked for, with the penalty on it too."""
    place, penalised = _penalised(handin)
    listed = place.call.args[0]
    assert isinstance(listed, ast.List)
    listed.elts.insert(len(listed.elts) - 1, expression(text(penalised[-1]).replace("300", "100")))
    why = "the sweep's networks have a hidden layer more"
    handin.expect("sweep", "passed partial failed", why, model=place.model)
    handin.must_observe("sweep_layers", why, about=place.model)
    _changed(handin, place.model, why)


@transform("mistakes", "validation")
def validated_on_training_data(handin: Handin, rng: Random) -> None:
    """A training is validated on its own rows."""
    found = [p for p in places(handin, "fit") if p.step.role == "fit" and argument(p.call, "validation_data")]
    place = _one(found, rng)
    set_argument(place.call, "validation_data", expression(f"({', '.join(map(text, place.call.args[:2]))})"))
    why = f"{place.model} is validated on its training data"
    handin.exempt("accuracy", why, model=place.model)
    handin.must_observe("validation_on_training", why, about=place.model)


@transform("mistakes", "validation")
def trained_on_test_data(handin: Handin, rng: Random) -> None:
    """A network is trained on the test set, and validated on the training data."""
    found = [p for p in places(handin, "fit") if p.step.role == "fit" and argument(p.call, "validation_data")]
    place = _one(found, rng)
    validation = argument(place.call, "validation_data")
    set_argument(place.call, "validation_data", expression(f"({', '.join(map(text, place.call.args[:2]))})"))
    assert isinstance(validation, ast.Tuple)
    place.call.args = list(validation.elts)
    why = f"{place.model} is trained on the test set"
    handin.exempt("accuracy", why, model=place.model)
    handin.exempt("trained", why, model=place.model)
    handin.must_observe("trained_on_test", why, about=place.model)
    handin.truth.may.add("validation_on_training")
