"""Styles of code: how networks are built, in what form a sweep is written, how variables are called."""

from __future__ import annotations

import ast
from random import Random

from generator.code import (
    Place,
    argument,
    bodies,
    bound_by,
    callee,
    expression,
    layer_calls,
    names_in,
    places,
    statements,
    text,
)
from generator.nouns import Handin, Step, UnfitError
from generator.render import rename
from generator.transforms import transform


@transform("building", "building")
def functional_api(handin: Handin, rng: Random) -> None:
    """Networks are built with the functional API."""
    for place in places(handin, "Sequential"):
        lines: list[str] = []
        for at, layer in enumerate(layer_calls(place.call)):
            if callee(layer) in ("Input", "InputLayer"):
                lines.append(f"inputs = {text(layer)}")
            else:
                lines.append(f"x = {text(layer)}({'inputs' if at == 1 else 'x'})")
        name = argument(place.call, "name")
        named = f", name={text(name)}" if name else ""
        lines.append(f"{place.target} = keras.Model(inputs, x{named})")
        place.replace(*statements("\n".join(lines)))


@transform("building", "building")
def added_layers(handin: Handin, rng: Random) -> None:
    """Layers are added to an empty network one by one."""
    for place in places(handin, "Sequential"):
        layers = layer_calls(place.call)
        place.call.args = []
        place.add_after(*statements("\n".join(f"{place.target}.add({text(layer)})" for layer in layers)))


@transform("building", "building")
def maker_functions(handin: Handin, rng: Random) -> None:
    """Each network is built, and returned, by a function of its own."""
    for place in places(handin, "Sequential"):
        name = f"make_{place.target}"
        swept = sorted(names_in(place.call) & {"factor"})
        body = f"def {name}({', '.join(swept)}):\n    net = {text(place.call)}\n    return net\n"
        call = statements(f"{place.target} = {name}({', '.join(swept)})")
        if place.body is place.step.statements:
            place.replace(*statements(body), *call)
        else:
            place.replace(*call)
            place.step.statements[:0] = statements(body)


@transform("building", "building")
def one_maker_with_arguments(handin: Handin, rng: Random) -> None:
    """All fully connected networks come from one function that takes the sizes of the hidden layers, and compiles."""
    dense = [place for place in places(handin, "Sequential") if place.model and _hidden(place)]
    if len(dense) < 2:
        raise UnfitError("fewer than two networks of dense layers")
    compiled = {place.model: place for place in places(handin, "compile")}
    kinds = {_settings(compiled[place.model]) for place in dense}
    if len(kinds) > 1:
        raise UnfitError("the networks are compiled in several ways")
    settings = kinds.pop()
    source = (
        "def build_network(units, decay=None, label=None):\n"
        "    penalty = regularizers.l2(decay) if decay is not None else None\n"
        "    net = keras.Sequential(name=label)\n"
        "    net.add(keras.Input(shape=(28, 28)))\n"
        "    net.add(layers.Flatten())\n"
        "    for number in units:\n"
        "        net.add(layers.Dense(number, activation='relu', kernel_regularizer=penalty))\n"
        "    net.add(layers.Dense(10, activation='softmax'))\n"
        f"    net.compile({settings})\n"
        "    return net\n"
    )
    for place in dense:
        units = ", ".join(_hidden(place))
        decay = ", factor" if "factor" in names_in(place.call) else ""
        compiled[place.model].replace()
        place.replace(*statements(f"{place.target} = build_network([{units}]{decay}, label='{place.model}')"))
    _first_step(handin, source)


def _settings(place: Place) -> str:
    return ", ".join(f"{keyword.arg}={text(keyword.value)}" for keyword in place.call.keywords)


def _hidden(place: Place) -> list[str]:
    """Sizes of the hidden layers of a plain network on images; empty for any other."""
    layers = layer_calls(place.call)
    kinds = [callee(layer) for layer in layers]
    if kinds[:2] != ["Input", "Flatten"] or set(kinds[2:]) != {"Dense"}:
        return []
    hidden = layers[2:-1]
    for layer in hidden:
        activation = argument(layer, "activation")
        extra = {keyword.arg for keyword in layer.keywords} - {"activation", "kernel_regularizer"}
        if getattr(activation, "value", None) != "relu" or extra:
            return []
        penalty = argument(layer, "kernel_regularizer")
        if penalty is not None and callee(penalty) not in ("L2", "l2"):
            return []
    penalised = {argument(layer, "kernel_regularizer") is not None for layer in hidden}
    return [text(layer.args[0]) for layer in hidden] if len(penalised) == 1 else []


def _first_step(handin: Handin, source: str) -> None:
    """Put a definition behind the data."""
    at = max(
        at for at, block in enumerate(handin.blocks) if isinstance(block, Step) and block.role in ("data", "scale")
    )
    handin.blocks.insert(at + 1, Step(statements(source), "define", opens=True))


@transform("building", "sweep")
def sweep_in_reverse(handin: Handin, rng: Random) -> None:
    """The sweep runs from the largest factor to the smallest, and is drawn in that order."""
    handin.step("sweep")
    assigned = _statements_with(handin, "logspace")
    if not assigned:
        raise UnfitError("no factors on a logarithmic scale")
    call = assigned[0].value
    assert isinstance(call, ast.Call)
    call.args[0], call.args[1] = call.args[1], call.args[0]


@transform("building", "sweep")
def sweep_of_typed_factors(handin: Handin, rng: Random) -> None:
    """The factors of the sweep are typed as a list, in no particular order."""
    assigned = _statements_with(handin, "logspace")
    if not assigned:
        raise UnfitError("no factors on a logarithmic scale")
    factors = ["1e-6", "0.00001", "5e-5", "0.0002", "0.001"]
    rng.shuffle(factors)
    assigned[0].value = expression(f"[{', '.join(factors)}]")


@transform("building", "sweep_form")
def sweep_in_a_dictionary(handin: Handin, rng: Random) -> None:
    """The sweep's results are kept in a dictionary from factor to list."""
    step, loop, inner, last = _sweep(handin)
    value = text(last.value)
    inner.body[-1] = statements(f"results[float(factor)].append({value})")[0]
    loop.body.insert(0, statements("results[float(factor)] = []")[0])
    _replace_assignment(handin, "final_accuracy", "results = {}")
    step.statements.append(statements("final_accuracy = np.array([results[key] for key in results])")[0])


@transform("building", "sweep_form")
def sweep_in_a_comprehension(handin: Handin, rng: Random) -> None:
    """A function trains one network of the sweep; a list comprehension calls it for all factors and replicates."""
    step, _, inner, last = _sweep(handin)
    function = statements("def run_once(factor):\n    pass")[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*inner.body[:-1], ast.Return(value=last.value)]
    _replace_assignment(handin, "final_accuracy", "")
    filled = "final_accuracy = np.array([[run_once(factor) for _ in range(replicates)] for factor in factors])"
    step.statements = [function, *statements(filled)]


@transform("building", "sweep_form")
def sweep_into_a_list_of_histories(handin: Handin, rng: Random) -> None:
    """The sweep keeps the histories in a list of lists and takes the last values from them afterwards."""
    step, loop, inner, _ = _sweep(handin)
    inner.body[-1] = statements("row.append(run)")[0]
    loop.body.insert(0, statements("row = []")[0])
    loop.body.append(statements("runs.append(row)")[0])
    _replace_assignment(handin, "final_accuracy", "runs = []")
    step.statements += statements(
        "final_accuracy = np.array([[one.history['val_accuracy'][-1] for one in row] for row in runs])"
    )


def _sweep(handin: Handin) -> tuple[Step, ast.For, ast.For, ast.Assign]:
    """The sweep, its loops over factors and replicates, and what keeps a result. Raises `UnfitError`."""
    step = handin.step("sweep")
    loop = step.statements[0]
    if not isinstance(loop, ast.For) or "final_accuracy" not in names_in(loop):
        raise UnfitError("another sweep")
    inner = next((one for one in loop.body if isinstance(one, ast.For)), None)
    if inner is None:
        raise UnfitError("no loop over replicates")
    last = inner.body[-1]
    assert isinstance(last, ast.Assign)
    return step, loop, inner, last


def _statements_with(handin: Handin, called: str) -> list[ast.Assign]:
    return [
        statement
        for step in handin.steps
        for body in bodies(step)
        for statement in body
        if isinstance(statement, ast.Assign) and callee(statement.value) == called
    ]


def _replace_assignment(handin: Handin, name: str, source: str) -> None:
    for step in handin.steps:
        for statement in list(step.statements):
            if (
                isinstance(statement, ast.Assign)
                and bound_by(statement) == {name}
                and callee(statement.value) == "zeros"
            ):
                at = step.statements.index(statement)
                step.statements[at : at + 1] = statements(source)


# Names of variables


@transform("naming", "naming")
def one_name_for_all(handin: Handin, rng: Random) -> None:
    """Every network is called `model` and every history `history`, each in its turn."""
    spans = _spans(handin)
    chosen: dict[str, str] = {}
    for target, variables in (
        ("model", _assigned(handin, "Sequential", "Model")),
        ("history", _assigned(handin, "fit")),
    ):
        end = -1
        for name in variables:
            first, last = spans[name]
            if first <= end:
                raise UnfitError("networks are used side by side")
            end = last
            chosen[name] = target
    if not chosen:
        raise UnfitError("no names of networks")
    rename(handin, chosen)


@transform("naming", "naming")
def numbered_names(handin: Handin, rng: Random) -> None:
    """Networks are called `model1`, `model2`, ..., histories `hist1`, `hist2`, ..."""
    names = {old: f"model{at}" for at, old in enumerate(_assigned(handin, "Sequential", "Model"), start=1)}
    names |= {old: f"hist{at}" for at, old in enumerate(_assigned(handin, "fit"), start=1)}
    if not names:
        raise UnfitError("no names of networks")
    rename(handin, names)


@transform("naming", "data_names")
def other_data_names(handin: Handin, rng: Random) -> None:
    """Data are called as in many a course: `X_train`, `Y_train`, `lbl_test`, ..."""
    rename(
        handin,
        {
            "x_train": "X_train",
            "x_test": "X_test",
            "y_train": "Y_train",
            "y_test": "Y_test",
            "label_train": "lbl_train",
            "label_test": "lbl_test",
            "BATCH_SIZE": "bs",
            "NUM_CLASSES": "n_digits",
        },
    )


def _assigned(handin: Handin, *names: str) -> list[str]:
    """Names that calls of `names` are assigned to, in order."""
    found = [
        statement.targets[0].id
        for step in handin.steps
        for body in bodies(step)
        for statement in body
        if isinstance(statement, ast.Assign)
        and callee(statement.value) in names
        and isinstance(statement.targets[0], ast.Name)
    ]
    return list(dict.fromkeys(found))


def _spans(handin: Handin) -> dict[str, tuple[int, int]]:
    """Name -> first and last position, among all statements, at which it stands."""
    spans: dict[str, tuple[int, int]] = {}
    position = 0
    for step in handin.steps:
        for statement in step.statements:
            position += 1
            for name in names_in(statement):
                spans[name] = (spans.get(name, (position, position))[0], position)
    return spans


@transform("idioms", "layer_imports")
def imported_classes(handin: Handin, rng: Random) -> None:
    """Layers and optimizers are imported by name and called without their module."""
    used: dict[str, set[str]] = {"layers": set(), "optimizers": set()}
    for node in handin.nodes():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = text(node.func.value)
        if owner in ("layers", "keras.optimizers"):
            used[owner.rpartition(".")[2]].add(node.func.attr)
            node.func = ast.Name(id=node.func.attr, ctx=ast.Load())
    lines = [f"from keras.{module} import {', '.join(sorted(names))}" for module, names in used.items() if names]
    if not lines:
        raise UnfitError("no layers")
    handin.step("imports").statements += statements("\n".join(lines))


@transform("idioms", "tf_keras")
def through_tensorflow(handin: Handin, rng: Random) -> None:
    """Keras is imported through TensorFlow."""
    for step in handin.steps:
        for at, statement in enumerate(step.statements):
            if isinstance(statement, ast.Import) and statement.names[0].name == "keras":
                step.statements[at] = statements("from tensorflow import keras")[0]
            elif isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == "keras":
                statement.module = f"tensorflow.{statement.module}"
    handin.step("imports").statements[:0] = statements("import tensorflow as tf")


@transform("building", "building loop order")
def trained_in_one_loop(handin: Handin, rng: Random) -> None:
    """Networks of dense layers are configurations in a list; one loop builds, compiles and trains all of them."""
    dense = [p for p in places(handin, "Sequential") if p.step.role == "build" and _hidden(p)]
    fits = {place.model: place for place in places(handin, "fit") if place.step.role == "fit"}
    compiled = {place.model: place for place in places(handin, "compile")}
    dense = [place for place in dense if place.model in fits and fits[place.model].target]
    if len(dense) < 2 or len({_settings(compiled[place.model]) for place in dense}) > 1:
        raise UnfitError("fewer than two networks that are compiled alike")
    lines = ["histories = {}", "for label, sizes, rounds in ["]
    call = fits[dense[0].model].call
    named = [f"{keyword.arg}={text(keyword.value)}" for keyword in call.keywords if keyword.arg != "epochs"]
    arguments = ", ".join([*map(text, call.args), *named])
    for place in dense:
        epochs = argument(fits[place.model].call, "epochs")
        assert epochs is not None
        lines.append(f"    ('{place.target}', [{', '.join(_hidden(place))}], {text(epochs)}),")
    lines += [
        "]:",
        "    net = keras.Sequential([keras.Input(shape=(28, 28)), layers.Flatten()])",
        "    for size in sizes:",
        "        net.add(layers.Dense(size, activation='relu'))",
        "    net.add(layers.Dense(10, activation='softmax'))",
        f"    net.compile({_settings(compiled[dense[0].model])})",
        "    net.summary()",
        f"    histories[label] = net.fit({arguments}, epochs=rounds)",
    ]
    for place in dense:
        lines.append(f"{fits[place.model].target} = histories['{place.target}']")
    first = next(at for at, block in enumerate(handin.blocks) if block is dense[0].step)
    handin.blocks.insert(first, Step(statements("\n".join(lines)), "sweep", dense[0].step.question, opens=True))
    for place in dense:
        fits[place.model].replace()
        compiled[place.model].replace()
        place.replace()
        for summary in places(handin, "summary"):
            if text(summary.call) == f"{place.target}.summary()":
                summary.replace()
    handin.truth.free |= {p.step.question for p in (*dense, *fits.values()) if p.step.question}
