"""Numbers and expressions behind names, as far as plain assignments tell."""

from __future__ import annotations

import ast

from grader.source.steps import Step, targets_of


class Constants:
    """What names stand for, kept up to date step by step. A name assigned under a condition is forgotten."""

    def __init__(self) -> None:
        self._held: dict[str, ast.expr] = {}

    def take(self, step: Step) -> None:
        """Bring the names up to date with `step`."""
        if step.function is not None:
            return
        node = step.node
        plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if plain and not step.guarded and isinstance(node, ast.Assign):
            self._held[targets_of(node)[0]] = self.resolved(node.value)
            return
        tuples = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
        for name in targets_of(node):
            self._held.pop(name, None)
        if tuples and isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and not step.guarded:
            target = node.targets[0]
            for part, value in zip(getattr(target, "elts", ()), node.value.elts, strict=False):
                if isinstance(part, ast.Name):
                    self._held[part.id] = self.resolved(value)

    def resolved(self, expression: ast.expr) -> ast.expr:
        """The expression behind a name, else `expression` itself."""
        if isinstance(expression, ast.Name):
            return self._held.get(expression.id, expression)
        return expression

    def number(self, expression: ast.expr | None) -> float | None:
        """The number that `expression` stands for; `None` when the text does not tell."""
        if expression is None:
            return None
        known = self.resolved(expression)
        if isinstance(known, ast.Constant) and isinstance(known.value, int | float) and type(known.value) is not bool:
            return float(known.value)
        return None

    def first(self, expression: ast.expr | None) -> ast.expr | None:
        """The first part of a tuple or list, also behind a name."""
        known = self.resolved(expression) if expression is not None else None
        return known.elts[0] if isinstance(known, ast.Tuple | ast.List) and known.elts else None
