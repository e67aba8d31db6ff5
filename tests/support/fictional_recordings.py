"""Builders of submissions and recordings that nobody made: short words for what a group may have done."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from grader.criteria.registry import criterion_of
from grader.records import (
    Architecture,
    Axes,
    Cell,
    CompileArguments,
    Compiled,
    DataUse,
    ErrorBars,
    Event,
    Figure,
    FigureDrawn,
    FitArguments,
    History,
    Layer,
    Line,
    LoggedEpoch,
    LoggedTraining,
    Match,
    ModelBuilt,
    ModelMatch,
    Outcome,
    Passage,
    PictureSaved,
    Question,
    QuestionMatch,
    Recording,
    Reference,
    ReferenceModel,
    Rubric,
    SavedImage,
    SavedOutput,
    Score,
    Submission,
    SummaryShown,
    Trained,
)

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def dense(units: int, activation: str = "relu", l2: float | None = None, l1: float | None = None) -> Layer:
    """A dense layer, with weight decay where a strength is given."""
    regulariser: Any = None
    if l2 is not None:
        regulariser = {"class_name": "L2", "l2": l2}
    if l1 is not None:
        regulariser = {"class_name": "L1", "l1": l1}
    config = {"units": units, "activation": activation, "kernel_regularizer": regulariser}
    return Layer(class_name="Dense", name="dense", config=config)


def flatten() -> Layer:
    """A flattening layer."""
    return Layer(class_name="Flatten", name="flatten", parameters=0)


def conv(filters: int = 32, size: int = 3, activation: str = "relu", padding: str = "valid") -> Layer:
    """A two-dimensional convolution."""
    config = {
        "filters": filters,
        "kernel_size": [size, size],
        "strides": [1, 1],
        "padding": padding,
        "activation": activation,
        "kernel_regularizer": None,
    }
    return Layer(class_name="Conv2D", name="conv2d", config=config)


def pool() -> Layer:
    """A 2x2 max pooling."""
    config = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    return Layer(class_name="MaxPooling2D", name="max_pooling2d", config=config)


def mlp(*units: int, l2: Sequence[float | None] = ()) -> tuple[Layer, ...]:
    """Flatten, hidden dense layers, ten outputs."""
    decays = [*l2, *[None] * (len(units) - len(l2))]
    hidden = [dense(size, l2=decay) for size, decay in zip(units, decays, strict=True)]
    return (flatten(), *hidden, dense(10, "softmax"))


def architecture(layers: Sequence[Layer], parameters: int | None = None, kind: Any = "sequential") -> Architecture:
    """An architecture with an id made from its layers, and the parameters of a dense network on 784 inputs."""
    text = repr([(layer.class_name, sorted(layer.config.items(), key=str)) for layer in layers])
    if parameters is None and not any("Conv" in layer.class_name for layer in layers):
        parameters, width = 0, 784
        for layer in layers:
            units = layer.config.get("units")
            if isinstance(units, int):
                parameters, width = parameters + (width + 1) * units, units
    return Architecture(
        id=hashlib.sha256(text.encode()).hexdigest()[:12], kind=kind, layers=tuple(layers), parameters=parameters
    )


def arguments(
    loss: str = "categorical_crossentropy", optimizer: str = "SGD", rate: float | None = 0.1, **more: Any
) -> CompileArguments:
    """Compile arguments."""
    return CompileArguments(optimizer=optimizer, learning_rate=rate, loss=loss, metrics=("accuracy",), **more)


def curve(epochs: int, final: float, seed: int = 0) -> tuple[float, ...]:
    """A rising accuracy that ends near `final`, different for each seed."""
    wave = [0.002 * math.sin(3.7 * seed + epoch) for epoch in range(epochs)]
    return tuple(round(final - 0.3 * math.exp(-epoch / 3.0) + wave[epoch], 6) for epoch in range(epochs))


def history(epochs: int, final: float = 0.97, seed: int = 0) -> History:
    """Loss and accuracy, training and validation."""
    accuracy = curve(epochs, final, seed)
    validation = curve(epochs, final - 0.01, seed + 50)
    return History(
        metrics={
            "loss": tuple(round(1.2 - value, 6) for value in accuracy),
            "accuracy": accuracy,
            "val_loss": tuple(round(1.25 - value, 6) for value in validation),
            "val_accuracy": validation,
        },
        epoch_seconds=(1.0,) * epochs,
    )


def data(split: Any = "train", rows: int = 60_000, **more: Any) -> DataUse:
    """MNIST, scaled to [0, 1]."""
    fields: dict[str, Any] = {
        "dataset": "mnist",
        "used_rows": rows,
        "shape": (28, 28),
        "scale": 1 / 255,
        "offset": 0.0,
        "one_hot": True,
    }
    return DataUse(split=split, rows=rows, **(fields | more))


class Stage:
    """A recording in the making."""

    def __init__(self, testimony: Any = "rerun", **environment: Any) -> None:
        self.testimony = testimony
        self.events: list[Event] = []
        self.architectures: dict[str, Architecture] = {}
        self.environment = {"effort": "full", "standin": False, **environment}
        self.outcome = Outcome(status="finished")
        self.models = 0

    def add(self, kind: Any, cell: int, **fields: Any) -> Any:
        """Append an event of class `kind`."""
        event = kind(seq=len(self.events), cell=cell, **fields)
        self.events.append(event)
        return event

    def build(self, cell: int, layers: Sequence[Layer], summary: bool = False, **more: Any) -> str:
        """A model is built; returns its identity."""
        found = architecture(layers, **more)
        self.architectures[found.id] = found
        model = f"m{self.models}"
        self.models += 1
        self.add(ModelBuilt, cell, model=model, architecture=found.id)
        if summary:
            self.add(SummaryShown, cell, model=model, architecture=found.id)
        return model

    def id_of(self, model: str) -> str:
        """The architecture of `model`."""
        return next(e.architecture for e in self.events if isinstance(e, ModelBuilt) and e.model == model)

    def compile(self, cell: int, model: str, given: CompileArguments | None = None) -> CompileArguments:
        """The model is compiled."""
        given = given or arguments()
        self.add(Compiled, cell, model=model, architecture=self.id_of(model), arguments=given)
        return given

    def fit(self, cell: int, model: str, epochs: int = 10, batch: int = 128, **more: Any) -> Trained:
        """The model is trained, with the arguments of its last compile."""
        given = [e.arguments for e in self.events if isinstance(e, Compiled) and e.model == model][-1]
        final, seed = more.pop("final", 0.97), more.pop("seed", len(self.events))
        ran = more.pop("ran", epochs)
        fit = FitArguments(epochs=epochs, batch_size=batch, validation="data", **more.pop("fit", {}))
        fields: dict[str, Any] = {
            "architecture": self.id_of(model),
            "compile": given,
            "fit": fit,
            "history": history(ran, final, seed),
            "train": data(),
            "validation": data("test", 10_000),
            "test": Score(dataset="mnist", rows=10_000, accuracy=final),
        }
        return self.add(Trained, cell, model=model, **(fields | more))

    def train(self, cell: int, layers: Sequence[Layer], given: CompileArguments | None = None, **more: Any) -> Trained:
        """A model is built, compiled and trained in one cell."""
        model = self.build(cell, layers)
        self.compile(cell, model, given)
        return self.fit(cell, model, **more)

    def plot(self, cell: int, *lines: Sequence[float], x: Sequence[float] | None = None, **axes: Any) -> FigureDrawn:
        """A figure with one set of axes is shown."""
        drawn = tuple(
            Line(x=tuple(x or range(len(y))), y=tuple(y), points=len(y), label=f"line {n}") for n, y in enumerate(lines)
        )
        return self.add(FigureDrawn, cell, figure=Figure(axes=(Axes(lines=drawn, **axes),)))

    def bars(
        self, cell: int, x: Sequence[float], y: Sequence[float], error: Sequence[float], **axes: Any
    ) -> FigureDrawn:
        """A figure with error bars is shown."""
        series = ErrorBars(x=tuple(x), y=tuple(y), error=tuple(error))
        return self.add(FigureDrawn, cell, figure=Figure(axes=(Axes(error_bars=(series,), **axes),)))

    def picture(self, cell: int) -> PictureSaved:
        """A picture stands in the saved outputs."""
        return self.add(PictureSaved, cell, image=SavedImage(media_type="image/png", data=DOT))

    def log(self, cell: int, epochs: int, final: float = 0.97, steps: int = 469, **more: Any) -> LoggedTraining:
        """A training log stands in the saved outputs, with a header unless it is of one epoch."""
        declared = more.get("declared", epochs)
        lines = tuple(
            LoggedEpoch(
                number=n + 1,
                of=declared if declared > 1 else None,
                steps=steps,
                seconds=2.0 if more.get("timed", True) else None,
                metrics={"accuracy": value + 0.01, "val_accuracy": value},
            )
            for n, value in enumerate(curve(epochs, final, more.get("seed", 7)))
        )
        return self.add(LoggedTraining, cell, epochs=lines, declared_epochs=declared)

    def recording(self) -> Recording:
        """What was recorded."""
        return Recording(
            testimony=self.testimony,
            events=tuple(self.events),
            architectures=self.architectures,
            environment=self.environment,
            outcome=self.outcome,
        )


def submission(cells: int = 30, prose: dict[int, str] | None = None, **more: Any) -> Submission:
    """A notebook of code cells, with prose where it is given; `code`, `outputs` and `counts` by index."""
    prose = prose or {}
    code, outputs, counts = more.get("code", {}), more.get("outputs", {}), more.get("counts", {})
    return Submission(
        name="group00",
        files=("notebook.ipynb",),
        cells=tuple(
            Cell(
                index=index,
                kind="prose" if index in prose else "code",
                source=prose.get(index, code.get(index, f"step_{index}()")),
                outputs=tuple(SavedOutput(kind="stream", text=text) for text in outputs.get(index, ())),
                execution_count=counts.get(index),
                file="notebook.ipynb",
                number=index + 1,
            )
            for index in range(cells)
        ),
        digest="0" * 64,
    )


def passages(work: Submission, by_question: dict[str, Sequence[int]]) -> tuple[Passage, ...]:
    """Whole cells as passages: the first found by its id, the others following."""
    return tuple(
        Passage(
            question=question,
            cell=cell,
            start=0,
            end=len(work.cells[cell].source),
            found_by="following" if n else "heading",
        )
        for question, cells in by_question.items()
        for n, cell in enumerate(cells)
    )


def rubric_of(*questions: Question) -> Rubric:
    """A rubric with these questions."""
    return Rubric(version=1, name="a-lab", title="A lab", datasets=("mnist",), questions=questions)


def question_of(identifier: str, *criteria: dict[str, Any], model: str | None = None, **more: Any) -> Question:
    """A question with criteria given as plain data."""
    known = tuple(criterion_of(options) for options in criteria)
    return Question.model_validate(
        {"id": identifier, "title": f"Question {identifier}", "model": model, "criteria": known, **more}
    )


def reference_of(stage: Stage, named: dict[str, Sequence[Trained]]) -> Reference:
    """A reference whose models have these trainings."""
    models = {}
    for name, trainings in named.items():
        first = trainings[0]
        models[name] = ReferenceModel(
            name=name,
            architecture=stage.architectures[first.architecture],
            compile=first.compile,
            fit=first.fit,
            trainings=tuple(trainings),
            architectures={t.architecture: stage.architectures[t.architecture] for t in trainings},
        )
    return Reference(rubric="a-lab", recording=stage.recording(), models=models)


def reference_lab() -> Reference:
    """The reference of a lab with a small, a deep, a regularised and a convolutional network."""
    stage = Stage("reference")
    small = [stage.train(0, mlp(64, 64), final=0.975 + 0.002 * n) for n in range(2)]
    deep = [stage.train(1, mlp(500, 300), epochs=40, final=0.984)]
    sweep = [
        stage.train(2, mlp(500, 300, l2=(factor, factor)), epochs=10, final=0.97)
        for factor in (1e-6, 1e-5, 1e-4, 5e-4, 1e-3)
        for _ in range(3)
    ]
    layers = (conv(32), pool(), conv(64), pool(), flatten(), dense(128), dense(10, "softmax"))
    free = [stage.train(3, layers, epochs=8, final=0.991)]
    return reference_of(stage, {"small_mlp": small, "deep_mlp": deep, "decayed_mlp": sweep, "conv_net": free})


def matched(
    question: Question,
    rerun: Stage,
    trainings: Sequence[Trained] = (),
    saved: Stage | None = None,
    work: Submission | None = None,
    **more: Any,
) -> tuple[QuestionMatch, Match]:
    """One question answered by `trainings` (one family of models), as a match."""
    work = work or submission()
    saved = saved or Stage("saved")
    saved.outcome = Outcome(status="not run")
    first = trainings[0] if trainings else None
    model = more.pop("model", None)
    if first is not None:
        model = ModelMatch(
            label=f"model, cell {first.cell + 1}",
            reference=question.model,
            models=tuple(dict.fromkeys(t.model for t in trainings)),
            architecture=first.architecture,
            trainings=tuple(t.seq for t in trainings),
            cells=tuple(sorted({t.cell for t in trainings})),
            confidence=0.9,
        )
    cells = more.pop("cells", tuple(sorted({t.cell for t in trainings})))
    others = more.pop("others", ())
    answered = QuestionMatch(
        question=question,
        answer=more.pop("answer", ""),
        cells=cells,
        model=model,
        figures=tuple(e for e in rerun.events if isinstance(e, FigureDrawn)),
        pictures=tuple(e for e in saved.events if isinstance(e, PictureSaved)),
        placed_by="id" if cells else "",
    )
    match = Match(
        rubric=rubric_of(question),
        submission=work,
        saved=saved.recording(),
        rerun=rerun.recording(),
        questions=(answered,),
        models=(*((model,) if model else ()), *others),
    )
    return answered, match


def other_model(training: Trained, label: str = "another model") -> ModelMatch:
    """A further model of the group, with one training."""
    return ModelMatch(
        label=label,
        reference=None,
        models=(training.model,),
        architecture=training.architecture,
        trainings=(training.seq,),
        cells=(training.cell,),
    )
