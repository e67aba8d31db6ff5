"""How a model was compiled and trained, in words."""

from __future__ import annotations

from grader.records.models import CompileArguments, FitArguments
from grader.reports.text import line
from grader.reports.words import count, counted, setting


def loss_words(compiled: CompileArguments | None) -> str:
    """The loss, as Keras spells it; empty when nothing was compiled."""
    if compiled is None:
        return ""
    return line(compiled.loss or "none", 60) + (", from logits" if compiled.from_logits else "")


def optimizer_words(compiled: CompileArguments | None) -> str:
    """`SGD, learning rate 0.1`; empty when nothing was compiled."""
    if compiled is None:
        return ""
    momentum = compiled.optimizer_config.get("momentum")
    parts = [line(compiled.optimizer, 40)]
    if compiled.learning_rate is not None:
        parts.append(f"learning rate {setting(compiled.learning_rate)}")
    if isinstance(momentum, int | float) and momentum:
        parts.append(f"momentum {setting(momentum)}")
    return ", ".join(parts)


def fit_words(fit: FitArguments | None, done: int | None = None) -> str:
    """`10 epochs, batches of 128`, and how many of them were run when it is not all of them."""
    if fit is None:
        return ""
    asked = fit.epochs - fit.initial_epoch
    text = f"{counted(asked, 'epoch')}, batches of {count(fit.batch_size)}"
    return text if done is None or done == asked else f"{text}; {done} of them run"
