"""What code of the group's own does to the pixels that a model is given, read without running it.

Followed are `call` of a class and the function of a `Lambda`: arithmetic with numbers, calls that change type or form
alone, and layers that `__init__` made. What is not understood is said to be unknown, never guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grader.code.syntax import callee
from grader.facts.datasets import LARGEST_PIXEL
from grader.facts.keras import ALIASES, KEEPING_RANGE, MODELS, NORMALISING, STANDARD

_KEEPING = frozenset(
    "cast astype reshape expand_dims squeeze convert_to_tensor Input identity ensure_shape transpose float".split()
)
"""Functions that change a tensor's type or form and none of its values."""
_ARITHMETIC: dict[str, type[ast.operator]] = {
    **dict.fromkeys(("divide", "true_divide"), ast.Div),
    "multiply": ast.Mult,
    "add": ast.Add,
    "subtract": ast.Sub,
}
"""Functions of `keras.ops`, `tf.math` and `numpy` -> the sign that they stand for."""
_FITTING = frozenset({"per_image_standardization", "normalize", "l2_normalize"})
"""Functions that bring pixels into one range by their own statistics."""
_METHODS = ("call", "forward")
"""The methods that say what a layer or model does."""
_NEAR = 1.5
"""How far a divisor may lie from 255: people divide by 256 and 255.0 alike, and by 254 by mistake."""
_FARTHEST = 200
"""Statements and layers that are followed."""


@dataclass(frozen=True)
class Affine:
    """Pixels of which each has become `scale * pixel + offset`."""

    scale: float = 1.0
    offset: float = 0.0
    fitted: bool = False
    """Brought into one range by the statistics of the numbers themselves; scale and offset tell nothing then."""
    ended: bool = False
    """A layer with weights was reached: what follows changes nothing."""

    def times(self, factor: float) -> Affine:
        """What they are with each value multiplied by `factor`."""
        return self if self.ended else replace(self, scale=self.scale * factor, offset=self.offset * factor)

    def plus(self, number: float) -> Affine:
        """What they are with `number` added to each value."""
        return self if self.ended else replace(self, offset=self.offset + number)


class ModelCode:
    """The classes, functions and `Lambda` layers that a hand-in defines up to the cell that trains a model.

    `sources` are those of the code cells, in order; that which trains is the last. What is defined twice is what it was
    last.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._classes: dict[str, ast.ClassDef] = {}
        self._functions: dict[str, ast.FunctionDef | ast.Lambda] = {}
        self._constants: dict[str, float] = {}
        self._lambdas: list[tuple[str | None, ast.expr]] = []
        self._in_last: list[ast.expr] = []
        for source in sources:
            self._in_last = []
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            self._take(tree)

    def _take(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._classes[node.name] = node
            elif isinstance(node, ast.FunctionDef):
                self._functions[node.name] = node
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._assign(node.targets[0].id, node.value)
            elif isinstance(node, ast.Call) and callee(node) == "Lambda":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                function = node.args[0] if node.args else given.get("function")
                name = given.get("name")
                label = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None
                if function is not None:
                    self._lambdas.append((label, function))
                    self._in_last += [function] if label is None else []

    def _assign(self, name: str, value: ast.expr) -> None:
        number = self.number(value)
        if number is not None:
            self._constants[name] = number
        elif isinstance(value, ast.Lambda):
            self._functions[name] = value

    def of_lambda(self, name: str) -> Affine | None:
        """What the `Lambda` layer called `name` does; `None` where that cannot be told."""
        own = [function for label, function in self._lambdas if label == name]
        # Keras' own names (`lambda_2`) do not tell which line made a layer: those of the cell at hand go first, and
        # what is left must agree.
        found = own or self._in_last or [function for label, function in self._lambdas if label is None]
        told = [self._called(function) for function in found]
        return told[0] if told and all(one == told[0] for one in told) else None

    def of_class(self, name: str) -> Affine | None:
        """What a layer or model of the class `name` does up to its first weights; `None` where that cannot be told.

        Where the way through `call` cannot be followed, a division by 255 that stands in it counts.
        """
        definition = self._classes.get(name)
        if definition is None:
            return None
        methods = {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}
        called = next((methods[method] for method in _METHODS if method in methods), None)
        if called is None or len(called.args.args) < 2:
            return None
        flow = _Flow(self, self._layers_of(methods.get("__init__")))
        told = flow.through(called.body, called.args.args[1].arg)
        if told is None and any(self._divides(node) for node in ast.walk(called)):
            return Affine(1.0 / LARGEST_PIXEL)
        return told

    def _divides(self, node: ast.AST) -> bool:
        """Whether `node` divides by about 255."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div | ast.Mult):
            return False
        number = self.number(node.right)
        if isinstance(node.op, ast.Mult):
            number = number if number is not None else self.number(node.left)
            number = 1.0 / number if number else None
        return number is not None and abs(number - LARGEST_PIXEL) <= _NEAR

    def _layers_of(self, init: ast.FunctionDef | None) -> dict[str, ast.expr]:
        """Attribute -> what `__init__` makes it."""
        found: dict[str, ast.expr] = {}
        for node in ast.walk(init) if init is not None else ():
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target, value = node.targets[0], node.value
            pairs: Iterable[tuple[ast.expr, ast.expr]] = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts, strict=False)
            found |= {name.attr: made for name, made in pairs if isinstance(name, ast.Attribute)}
        return found

    def _called(self, function: ast.expr) -> Affine | None:
        known = self._functions.get(function.id) if isinstance(function, ast.Name) else function
        if isinstance(known, ast.Lambda) and known.args.args:
            return _Flow(self, {}).of(known.body, {known.args.args[0].arg: Affine()})
        if isinstance(known, ast.FunctionDef) and known.args.args:
            return _Flow(self, {}).through(known.body, known.args.args[0].arg)
        return None

    def number(self, expression: ast.expr | None) -> float | None:
        """The number that `expression` is: written out, worked out from others, or one name's; `None`: none."""
        if isinstance(expression, ast.Constant) and isinstance(expression.value, int | float):
            return float(expression.value)
        if isinstance(expression, ast.Name):
            return self._constants.get(expression.id)
        if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.USub):
            inner = self.number(expression.operand)
            return None if inner is None else -inner
        if isinstance(expression, ast.BinOp):
            left, right = self.number(expression.left), self.number(expression.right)
            if left is None or right is None:
                return None
            if isinstance(expression.op, ast.Div):
                return left / right if right else None
            if isinstance(expression.op, ast.Mult):
                return left * right
        return None


class _Flow:
    """Pixels followed through the statements of one function."""

    def __init__(self, code: ModelCode, layers: dict[str, ast.expr]) -> None:
        self._code = code
        self._layers = layers
        self._left = _FARTHEST

    def through(self, body: Sequence[ast.stmt], name: str) -> Affine | None:
        """What `name`, the parameter, has become where the first weights stand, or where the function returns."""
        held: dict[str, Affine] = {name: Affine()}
        for statement in body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            if isinstance(statement, ast.Return):
                return self.of(statement.value, held)
            if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                value: ast.expr = ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
                target: ast.expr = statement.target
            elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                value, target = statement.value, statement.targets[0]
            else:
                return None
            told = self.of(value, held)
            if told is None or not isinstance(target, ast.Name):
                return None
            if told.ended:
                return told
            held[target.id] = told
        return None

    def of(self, expression: ast.expr | None, held: dict[str, Affine]) -> Affine | None:
        """What the pixels are in `expression`."""
        self._left -= 1
        if self._left < 0:
            return None
        if isinstance(expression, ast.Name):
            return held.get(expression.id)
        if isinstance(expression, ast.BinOp):
            return self._arithmetic(expression, held)
        if isinstance(expression, ast.Subscript):
            # x[..., None] and the like: the same numbers, or some of them
            return self.of(expression.value, held)
        if isinstance(expression, ast.Call):
            return self._call(expression, held)
        return None

    def _arithmetic(self, expression: ast.BinOp, held: dict[str, Affine]) -> Affine | None:
        pixels, number = self.of(expression.left, held), self._code.number(expression.right)
        turned = pixels is None
        if turned:
            pixels, number = self.of(expression.right, held), self._code.number(expression.left)
        if pixels is None or number is None:
            return None
        if isinstance(expression.op, ast.Mult):
            return pixels.times(number)
        if isinstance(expression.op, ast.Add):
            return pixels.plus(number)
        if isinstance(expression.op, ast.Sub):
            return pixels.times(-1.0).plus(number) if turned else pixels.plus(-number)
        if isinstance(expression.op, ast.Div) and not turned and number:
            return pixels.times(1.0 / number)
        return None

    def _call(self, call: ast.Call, held: dict[str, Affine]) -> Affine | None:
        """A function of Keras or TensorFlow, a method of the tensor, or a layer that is called."""
        name = callee(call)
        if name in _KEEPING:
            on_tensor = isinstance(call.func, ast.Attribute) and self.of(call.func.value, held)
            return on_tensor or (self.of(call.args[0], held) if call.args else None)
        if name in _ARITHMETIC and len(call.args) == 2:
            return self._arithmetic(ast.BinOp(call.args[0], _ARITHMETIC[name](), call.args[1]), held)
        pixels = self.of(call.args[0], held) if call.args else None
        if pixels is not None and name in _FITTING:
            return replace(pixels, fitted=True)
        if pixels is None or pixels.ended:
            return pixels
        if isinstance(call.func, ast.Call):
            return self._layer(call.func, pixels)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            made = self._layers.get(call.func.attr) if call.func.value.id == "self" else None
            return self._layer(made, pixels) if made is not None else None
        return None

    def _layer(self, made: ast.expr, pixels: Affine) -> Affine | None:
        """Pixels that went through a layer, or a row of layers, which `made` makes."""
        if not isinstance(made, ast.Call):
            return None
        name = ALIASES.get(callee(made), callee(made))
        if name in MODELS:
            rows = made.args[0].elts if made.args and isinstance(made.args[0], ast.List | ast.Tuple) else []
            told: Affine | None = pixels if rows else None
            for row in rows:
                told = self._layer(row, told) if told is not None and not told.ended else told
            return told
        if name in KEEPING_RANGE:
            return pixels
        if name in NORMALISING:
            return replace(pixels, fitted=True)
        if name == "Rescaling":
            given = {keyword.arg: keyword.value for keyword in made.keywords}
            scale = self._code.number(made.args[0] if made.args else given.get("scale"))
            offset = self._code.number(made.args[1] if len(made.args) > 1 else given.get("offset", ast.Constant(0.0)))
            return None if scale is None or offset is None else pixels.times(scale).plus(offset)
        return replace(pixels, ended=True) if name in STANDARD and name != "Normalization" else None
