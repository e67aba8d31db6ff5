"""Records for the tests of the reports: a lab of eight questions with most of what can go wrong in it."""

from __future__ import annotations

import math
from functools import cache

from grader.criteria.answers.written import WrittenCriterion
from grader.criteria.figures.history_plot import HistoryPlotCriterion
from grader.criteria.models.architecture import ArchitectureCriterion
from grader.criteria.models.compiled import CompiledCriterion
from grader.criteria.models.parameters import ParametersCriterion
from grader.criteria.trainings.accuracy import AccuracyCriterion
from grader.criteria.trainings.sweep import SweepCriterion
from grader.criteria.trainings.trained import TrainedCriterion
from grader.records import (
    Architecture,
    Axes,
    Cell,
    CellFailed,
    CompileArguments,
    DataUse,
    ErrorBars,
    Figure,
    FigureDrawn,
    FitArguments,
    History,
    Layer,
    Line,
    Match,
    ModelMatch,
    ModelSummary,
    Observation,
    Outcome,
    PictureSaved,
    Points,
    Question,
    QuestionMatch,
    QuestionResult,
    Recording,
    Reference,
    ReferenceModel,
    Result,
    Rubric,
    SavedImage,
    Score,
    Submission,
    Trained,
    Verdict,
)

HOSTILE = "{{ 7*7 }} <script>alert(1)</script> Grüppe 模型 مجموعة \u202etxt.exe\u202c \x07\u200b 🙂 </style>&amp;"
FACTORS = (1e-6, 1e-5, 1e-4, 5e-4, 1e-3)


def dense(units: int, activation: str, parameters: int, l2: float = 0.0) -> Layer:
    config = {"units": units, "activation": activation}
    if l2:
        config["kernel_regularizer"] = {"class_name": "L2", "l2": l2}
    return Layer(class_name="Dense", name="dense", config=config, output_shape=(None, units), parameters=parameters)


def small(identity: str = "small") -> Architecture:
    layers = (
        Layer(class_name="Flatten", name="flatten", output_shape=(None, 784), parameters=0),
        dense(64, "relu", 50_240),
        dense(64, "relu", 4_160),
        dense(10, "softmax", 650),
    )
    return Architecture(id=identity, kind="sequential", layers=layers, input_shape=(28, 28), parameters=55_050)


def wide(identity: str, l2: float = 0.0, dropout: bool = False) -> Architecture:
    layers = [
        Layer(class_name="Flatten", name="flatten", output_shape=(None, 784), parameters=0),
        dense(500, "relu", 392_500, l2),
        dense(300, "relu", 150_300, l2),
        dense(10, "softmax", 3_010),
    ]
    if dropout:
        layers.insert(2, Layer(class_name="Dropout", name="d", config={"rate": 0.25}, parameters=0))
    return Architecture(id=identity, kind="sequential", layers=tuple(layers), parameters=545_810)


def conv() -> Architecture:
    layers = []
    for number, filters in enumerate((32, 64)):
        config = {"filters": filters, "kernel_size": [3, 3], "activation": "relu", "padding": "same"}
        layers.append(Layer(class_name="Conv2D", name=f"c{number}", config=config, parameters=320 + 18_176 * number))
        layers.append(
            Layer(
                class_name="MaxPooling2D",
                name=f"p{number}",
                config={"pool_size": [2, 2], "strides": [2, 2]},
                parameters=0,
            )
        )
    layers += [Layer(class_name="Flatten", name="f", parameters=0), dense(10, "softmax", 31_370)]
    return Architecture(id="conv", kind="sequential", layers=tuple(layers), parameters=50_186)


def curve(start: float, end: float, epochs: int, wobble: float = 0.0) -> tuple[float, ...]:
    return tuple(
        round(end + (start - end) * math.exp(-3.2 * epoch / max(epochs - 1, 1)) + wobble * math.sin(7 * epoch), 5)
        for epoch in range(epochs)
    )


def training(
    seq: int,
    cell: int,
    architecture: str,
    loss: str = "categorical_crossentropy",
    epochs: int = 10,
    ends: tuple[float, float] = (0.9746, 0.09),
    **more: object,
) -> Trained:
    data = DataUse(split="train", dataset="mnist", rows=60_000, used_rows=6_000, shape=(28, 28))
    history = History(
        metrics={
            "loss": curve(ends[1] * 6, ends[1] * 0.8, epochs, 0.004),
            "accuracy": curve(0.55, ends[0] + 0.004, epochs),
            "val_loss": curve(ends[1] * 4, ends[1], epochs, 0.006),
            "val_accuracy": curve(0.72, ends[0], epochs, 0.002),
        },
        epoch_seconds=(0.41,) * epochs,
    )
    fields: dict[str, object] = {
        "seq": seq,
        "cell": cell,
        "model": f"m{seq}",
        "architecture": architecture,
        "compile": CompileArguments(optimizer="SGD", learning_rate=0.1, loss=loss, metrics=("accuracy",)),
        "fit": FitArguments(batch_size=128, epochs=epochs, validation="data"),
        "history": history,
        "train": data,
        "validation": data.model_copy(update={"split": "test", "rows": 10_000}),
        "test": Score(dataset="mnist", rows=10_000, accuracy=ends[0], loss=ends[1]),
    }
    return Trained(**{**fields, **more})


SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    '<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="460.8pt" height="288pt" viewBox="0 0 460.8 288" '
    'xmlns="http://www.w3.org/2000/svg"><defs><style type="text/css">*{stroke-linejoin: round}</style></defs>'
    '<path d="M 60 250 L 430 250 M 60 250 L 60 30" style="fill: none; stroke: #000000"/>'
    '<path d="M 60 220 L 150 120 L 250 80 L 430 60" style="fill: none; stroke: #1f77b4; stroke-width: 1.5"/>'
    '<text x="200" y="22" style="font: 12px sans-serif">accuracy</text><script>alert(1)</script></svg>'
)


def drawn(seq: int, cell: int, **axes: object) -> FigureDrawn:
    lines = (Line(label="train", x=(0, 1, 2), y=(0.5, 0.7, 0.83), points=3),)
    return FigureDrawn(seq=seq, cell=cell, figure=Figure(axes=(Axes(**{"lines": lines, **axes}),), svg=SVG))


def _questions() -> tuple[Question, ...]:
    return (
        Question(
            id="1.1",
            title="Explain the pre-processing",
            asks="Explain the data pre-processing that the given code does, and why each step is taken.",
            criteria=(WrittenCriterion(points=1),),
        ),
        Question(
            id="2.1.5",
            title="How many parameters has the network?",
            asks="State the total number of parameters.",
            model="small_mlp",
            criteria=(ArchitectureCriterion(points=1), ParametersCriterion(points=1)),
        ),
        Question(
            id="2.2.4",
            title="Why is this loss appropriate?",
            asks="Explain why the loss function fits the task.",
            criteria=(WrittenCriterion(points=2),),
        ),
        Question(
            id="2.3",
            title="Train the network for 10 epochs and plot both accuracies",
            asks="Train the network for 10 epochs and plot the training and validation accuracy for each epoch.",
            model="small_mlp",
            criteria=(
                ArchitectureCriterion(points=1),
                CompiledCriterion(points=1),
                TrainedCriterion(points=1),
                AccuracyCriterion(points=1, within=0.01),
                HistoryPlotCriterion(points=1),
            ),
        ),
        Question(
            id="2.4a",
            title="A 500-300 network, trained for 40 epochs",
            asks="Build and train a network with 500 and 300 hidden units.",
            model="wide",
            criteria=(ArchitectureCriterion(points=2), TrainedCriterion(points=1)),
        ),
        Question(
            id="2.4b",
            title="Weight decay: five factors, three replicates each",
            asks="Add L2 weight decay to the hidden units: five factors from 0.000001 to 0.001, three trainings each.",
            model="wide_l2",
            criteria=(SweepCriterion(points=3),),
        ),
        Question(
            id="3.1",
            title="A convolutional model at 99 %",
            asks="Build a model with at least one convolutional layer that reaches 99 % validation accuracy.",
            model="conv",
            criteria=(
                ArchitectureCriterion(points=2, must_have=("Conv2D",)),
                AccuracyCriterion(points=2, at_least=0.99),
            ),
        ),
        Question(
            id="3.2",
            title="Convolutional against fully connected layers",
            asks="Discuss the differences.",
            criteria=(WrittenCriterion(points=1),),
        ),
    )


def rubric() -> Rubric:
    return Rubric(
        version=1,
        name="dat405",
        title="Neural networks with Keras and TensorFlow",
        datasets=("mnist",),
        questions=_questions(),
    )


def submission(name: str = "group12") -> Submission:
    cells = tuple(
        Cell(index=index, kind="code", source="model.fit(x, y)", file="notebook.ipynb", number=index + 1)
        for index in range(24)
    )
    return Submission(name=name, files=("notebook.ipynb",), cells=cells, digest="0" * 64)


def _diverged() -> History:
    return History(
        metrics={
            "loss": (2.3, 41.0, 9e5, *[math.nan] * 37),
            "accuracy": (0.31, 0.22, 0.11, *[0.098] * 37),
            "val_loss": (2.4, 66.0, 2e6, *[math.nan] * 37),
            "val_accuracy": (0.3, 0.2, 0.1, *[0.098] * 37),
        }
    )


def _student_trainings() -> tuple[Trained, ...]:
    wrong = CompileArguments(optimizer="SGD", learning_rate=0.01, loss="binary_crossentropy", metrics=("accuracy",))
    sweep = [
        training(
            60 + 3 * place + replica, 19, f"wide{place}", epochs=40, ends=(0.957 + 0.002 * place + 0.001 * replica, 0.2)
        )
        for place in range(5)
        for replica in range(3)
    ]
    return (
        training(20, 15, "small", ends=(0.8360, 0.12), compile=wrong),
        training(40, 18, "wide-mine", epochs=40, history=_diverged(), test=None),
        *sweep,
        training(90, 21, "conv", epochs=1, ends=(0.9926, 0.03), native="it holds a layer of your own"),
    )


def _models() -> dict[str, ModelMatch]:
    rows = {
        "small": ("model, cell 16", "small_mlp", ("m20",), "small", (20,), 0.98),
        "wide": ("model2, cell 19", "wide", ("m40",), "wide-mine", (40,), 0.71),
        "sweep": ("models in a loop, cell 20", "wide_l2", ("m60",), "wide0", tuple(range(60, 75)), 0.9),
        "conv": ("cnn, cell 22", "conv", ("m90",), "conv", (90,), 0.66),
    }
    return {
        key: ModelMatch(label=label, reference=name, models=models, architecture=first, trainings=seqs, confidence=sure)
        for key, (label, name, models, first, seqs, sure) in rows.items()
    }


ANSWER = """The images are *scaled* to [0, 1] by dividing by `255`, because **small inputs** make training stable.

- `float32` saves memory
- the labels become one-hot vectors

The loss is $L = -\\sum_i y_i \\log(\\hat{y}_i)$ <b>as in the lecture</b> [link](https://example.org).

Второй абзац: 卷积神经网络 и مرحبا بالعالم 🙂."""


def match(name: str = "group12") -> Match:
    models = _models()
    figures = (drawn(21, 16, title="Accuracy", x_label="epoch"),)
    bars = (ErrorBars(x=FACTORS, y=(0.957,) * 5, error=(0.001,) * 5),)
    asked = {question.id: question for question in _questions()}
    picture = PictureSaved(seq=3, cell=21, image=SavedImage(media_type="image/png", data="bm90IGEgcGljdHVyZQ=="))
    placed = (
        QuestionMatch(question=asked["1.1"], answer=ANSWER, cells=(3, 4, 5), placed_by="id"),
        QuestionMatch(question=asked["2.1.5"], model=models["small"], answer="55050", cells=(9,), placed_by="id"),
        QuestionMatch(question=asked["2.2.4"], cells=(12,), answer="x" * 400, placed_by="cues"),
        QuestionMatch(question=asked["2.3"], model=models["small"], figures=figures, cells=(15, 16), placed_by="id"),
        QuestionMatch(question=asked["2.4a"], model=models["wide"], cells=(18,), placed_by="model"),
        QuestionMatch(
            question=asked["2.4b"],
            model=models["sweep"],
            figures=(drawn(76, 19, error_bars=bars, x_scale="log"), figures[0]),
            cells=(19,),
            placed_by="id",
        ),
        QuestionMatch(question=asked["3.1"], model=models["conv"], pictures=(picture,), cells=(21,), placed_by="id"),
        QuestionMatch(question=asked["3.2"]),
    )
    return Match(
        rubric=rubric(),
        submission=submission(name),
        saved=Recording(testimony="saved"),
        rerun=rerun(),
        questions=placed,
        models=tuple(models.values()),
    )


def rerun() -> Recording:
    built = [small(), wide("wide-mine", dropout=True), conv()]
    built += [wide(f"wide{place}", l2=factor) for place, factor in enumerate(FACTORS)]
    failed = CellFailed(seq=85, cell=18, error="NameError", message="name 'plt' is not defined <b>", line=3)
    return Recording(
        testimony="rerun",
        events=(*_student_trainings(), failed),
        architectures={architecture.id: architecture for architecture in built},
        data_sources={"mnist": "built-in stand-in made from scikit-learn’s digits (MNIST itself was not at hand)"},
        environment={"device": "CPU", "threads": 2, "sandbox": "namespaces, Landlock and seccomp"},
        outcome=Outcome(status="finished", seconds=74.2),
    )


@cache
def reference() -> Reference:
    compiled = CompileArguments(
        optimizer="SGD", learning_rate=0.1, loss="categorical_crossentropy", metrics=("accuracy",)
    )
    sweep = {f"ref{place}": wide(f"ref{place}", l2=factor) for place, factor in enumerate(FACTORS)}
    trained = {
        "small_mlp": (small(), [training(s, 1, "small", ends=(0.9735 + 0.002 * s, 0.085)) for s in range(2)]),
        "wide": (wide("wide"), [training(s, 2, "wide", epochs=40, ends=(0.981 + 0.001 * s, 0.07)) for s in range(2)]),
        "wide_l2": (
            sweep["ref0"],
            [
                training(10 + 2 * p + s, 3, name, epochs=40, ends=(0.976 + 0.001 * p + 0.0007 * s, 0.1))
                for p, name in enumerate(sweep)
                for s in range(2)
            ],
        ),
        "conv": (conv(), [training(s, 4, "conv", epochs=12, ends=(0.991 + 0.001 * s, 0.03)) for s in range(2)]),
    }
    models = {
        name: ReferenceModel(
            name=name,
            architecture=architecture,
            compile=compiled,
            fit=trainings[0].fit,
            trainings=tuple(trainings),
            architectures=sweep if name == "wide_l2" else {architecture.id: architecture},
        )
        for name, (architecture, trainings) in trained.items()
    }
    return Reference(rubric="dat405", recording=Recording(testimony="reference"), models=models)


_VERDICTS: dict[str, list[tuple[str, str, float, float, str]]] = {
    "1.1": [
        ("written", "review", 1, 0, "Found: scaling, one-hot. Not found: the data type. 0.67 of 1 point would fit.")
    ],
    "2.1.5": [
        ("architecture", "passed", 1, 1, "Four layers, the same as the reference’s."),
        ("parameters", "passed", 1, 1, "55,050 parameters, as asked."),
    ],
    "2.2.4": [("written", "review", 2, 0, "None of the two concepts was found in your text.")],
    "2.3": [
        ("architecture", "passed", 1, 1, "Four layers, the same as the reference’s."),
        (
            "compiled",
            "failed",
            1,
            0,
            "The loss is `binary_crossentropy`; ten exclusive classes under a softmax want `categorical_crossentropy`, "
            "which your answer to 2.2.1 also names. The learning rate is 0.01; 0.1 was asked for.",
        ),
        ("trained", "passed", 1, 1, "Trained for 10 epochs in batches of 128, as asked."),
        (
            "accuracy",
            "failed",
            1,
            0,
            "0.8360 on the test set; the reference reaches 0.9745 ± 0.0010, and 0.9645 was enough.",
        ),
        (
            "history_plot",
            "partial",
            1,
            0.5,
            "Both accuracies are plotted; the y axis has no label and there is no legend.",
        ),
    ],
    "2.4a": [
        ("architecture", "partial", 2, 1.5, "A Dropout layer stands between the hidden layers that was not asked for."),
        ("trained", "errored", 1, 0, "The training hit labgrade’s time limit of 60 s before it had finished."),
    ],
    "2.4b": [
        (
            "sweep",
            "passed",
            3,
            3,
            "Five factors from 0.000001 to 0.001, three trainings each, L2 on both hidden layers.",
        )
    ],
    "3.1": [
        ("architecture", "passed", 2, 2, "The model holds Conv2D, as asked."),
        ("accuracy", "passed", 2, 2, "0.9926 on the test set; 0.99 was asked for."),
    ],
    "3.2": [("written", "absent", 1, 0, "No text was found to judge.")],
}


def result(name: str = "group12") -> Result:
    questions = []
    for question in _questions():
        verdicts = tuple(
            Verdict(criterion=c, status=s, points=p, awarded=a, explanation=e, evidence=("notebook.ipynb cell 16",))
            for c, s, p, a, e in _VERDICTS[question.id]
        )
        statuses = [verdict.status for verdict in verdicts]
        grave = next(
            (one for one in ("review", "errored") if one in statuses),
            statuses[0] if len(set(statuses)) == 1 else "partial",
        )
        questions.append(
            QuestionResult(
                id=question.id,
                title=question.title,
                points=question.points,
                awarded=sum(verdict.awarded for verdict in verdicts),
                status=grave,
                verdicts=verdicts,
            )
        )
    verdicts = [verdict for question in questions for verdict in question.verdicts]
    points = sum(verdict.points for verdict in verdicts)
    decided = sum(verdict.points for verdict in verdicts if verdict.decided)
    awarded = sum(verdict.awarded for verdict in verdicts)
    return Result(
        submission=name,
        rubric="dat405",
        effort="quick",
        score=Points(points=points, decided=decided, awarded=awarded, awaiting=points - decided),
        questions=tuple(questions),
        models=_summaries(),
        observations=_observations(),
        notes=(
            "`keras.utils.np_utils` was replaced by `keras.utils` (a name that Keras 3 no longer has).",
            "`!pip install tensorflow` was skipped: TensorFlow is already there.",
            "Training in cell 19 stopped after 60 s, the limit for one training.",
        ),
        environment={
            "labgrade": "0.1.0",
            "python": "3.11.9",
            "tensorflow": "2.21.0",
            "keras": "3.15.1",
            "device": "CPU",
            "threads": 2,
            "sandbox": "namespaces, Landlock and seccomp",
        },
    )


def _summaries() -> tuple[ModelSummary, ...]:
    layers = {"small": small(), "wide": wide("w"), "sweep": wide("w"), "conv": conv()}
    return tuple(
        ModelSummary(
            label=model.label,
            question=None,
            matched=model.reference,
            confidence=model.confidence,
            parameters=layers[key].parameters,
            layers=layers[key].layers,
            optimizer="SGD",
            loss="categorical_crossentropy",
            cell=16,
            histories=({"loss": (2.3, math.nan)},),
        )
        for key, model in _models().items()
    )


def _observations() -> tuple[Observation, ...]:
    return (
        Observation(
            kind="text_against_code",
            question="2.3",
            message="Your answer to 2.2.1 names categorical cross-entropy; the model has `binary_crossentropy`.",
            proof="Cell 14: “the loss is categorical”. Cell 16: `model.compile('sgd', 'binary_crossentropy')`.",
        ),
        Observation(
            kind="stale_log",
            question="3.1",
            message="The saved log ends after 4 epochs, the code above it says 40.",
            proof="Cell 22: `epochs=40`. Saved output under cell 22: `Epoch 4/4`.",
        ),
    )
