"""The reference: the lab's own solution, recorded like a submission, with more seeds for each of its models.

A training that cannot be told as configuration (a loop, a subclass, a callback of one's own) ran inside the sandbox.
Of a submission that is a mere word; the solution is the teacher's own code, and what it says of its trainings is true.
The trainer cannot draw such a training anew, so that the whole solution is run again, with other seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from grader.facts.keras import ACCURACY
from grader.recorder.host import Recorded
from grader.recorder.trainings import FinishedTraining, TrainingHandler
from grader.records import (
    Architecture,
    Evaluated,
    Progress,
    Recording,
    Reference,
    ReferenceModel,
    Rubric,
    Score,
    Trained,
)
from grader.training.service import EpochProgress

SEEDS = {"quick": 2, "full": 3}
_SHORTEST_SECONDS = 300.0
_TIMES_THE_LONGEST = 30.0
_SHORTEST_SECONDS_OF_ALL = 1800.0
_TIMES_ALL = 30.0


def complete_reference(
    rubric: Rubric,
    recorded: Recorded,
    trainer: TrainingHandler,
    effort: str,
    progress: Progress,
    repeats: Sequence[Recording] = (),
) -> Reference:
    """The reference of `rubric`, after training what has fewer replicas than the effort wants.

    `repeats` are further runs of the same solution, for what was trained inside it.
    """
    named = _named(rubric)
    trainings = defaultdict(list)
    drawn = defaultdict(set)
    for trained, finished in recorded.trainings:
        if trained.name in named:
            trainings[trained.name].append(trained)
            drawn[trained.name, finished.spec.with_replica(0).key].add(finished.spec.replica)
    for trained, finished in recorded.trainings:
        have = drawn[trained.name, finished.spec.with_replica(0).key]
        if trained.name not in named or finished.start:
            continue
        for replica in range(SEEDS[effort]):
            if len(have) < SEEDS[effort] and replica not in have:
                have.add(replica)
                label = f"{trained.name}, seed {len(have)}"
                again = trainer.again(finished, replica, _show(progress, label))
                trainings[trained.name].append(_redrawn(trained, again))
    recording = _trusted(recorded.recording).model_copy(update={"testimony": "reference"})
    architectures = dict(recording.architectures)
    for number, run in enumerate((recording, *map(_trusted, repeats))):
        for trained in _trained_inside(rubric, run, recorded):
            place = trained.architecture if number == 0 else f"{trained.architecture}, run {number + 1}"
            architectures[place] = run.architectures[trained.architecture]
            trainings[trained.name].append(trained.model_copy(update={"architecture": place, "replica": number}))
    return Reference(rubric=rubric.name, recording=recording, models=_models(architectures, trainings))


def is_trained_inside(rubric: Rubric, recorded: Recorded) -> bool:
    """Whether a model of `rubric` was trained by the solution itself and never by the trainer."""
    return bool(_trained_inside(rubric, recorded.recording, recorded))


def _named(rubric: Rubric) -> set[str]:
    return {question.model for question in rubric.questions if question.model}


def _trained_inside(rubric: Rubric, run: Recording, recorded: Recorded) -> list[Trained]:
    """The trainings in `run` of those models that the trainer never trained as the solution was `recorded`."""
    told = {trained.name for trained, _ in recorded.trainings}
    return [trained for trained in run.trainings() if trained.key is None and trained.name in _named(rubric) - told]


def _trusted(recording: Recording) -> Recording:
    """`recording` of the teacher's own code: its trainings are as it says, and so is what it measured itself."""
    events = tuple(
        event.model_copy(update={"vouched": True, "test": event.test or _own_score(event, recording)})
        if isinstance(event, Trained) and event.key is None
        else event
        for event in recording.events
    )
    return recording.model_copy(update={"events": events})


def _own_score(trained: Trained, recording: Recording) -> Score | None:
    """What the code itself found on the test set after `trained`, where the host cannot rebuild the model."""
    for event in recording.events:
        if isinstance(event, Evaluated) and event.trained == trained.seq and event.data.split == "test":
            if event.measured is not None:
                return event.measured
            if event.claimed_accuracy is not None:
                metrics = {ACCURACY: event.claimed_accuracy}
                return Score(dataset=event.data.dataset or "", rows=event.data.rows, metrics=metrics)
    return None


def training_seconds(reference: Reference, most: float, most_of_all: float) -> tuple[float, float]:
    """Wall limits of one training, and of all of a submission, in a lab whose own trainings took what those of
    `reference` did; at most `most` and `most_of_all`."""
    took = [sum(trained.history.epoch_seconds) for trained in reference.recording.trainings()] or [most]
    one = min(most, max(_SHORTEST_SECONDS, _TIMES_THE_LONGEST * max(took)))
    return one, min(most_of_all, max(_SHORTEST_SECONDS_OF_ALL, _TIMES_ALL * sum(took)))


def _redrawn(trained: Trained, again: FinishedTraining) -> Trained:
    result = again.result
    update = {"replica": again.spec.replica, "key": again.spec.key, "history": result.history, "test": result.test}
    return trained.model_copy(update=update)


def _show(progress: Progress, label: str) -> Callable[[EpochProgress], None]:
    def show(done: EpochProgress) -> None:
        progress.training(label, done.epoch, done.epochs)

    return show


def _models(
    architectures: Mapping[str, Architecture], trainings: Mapping[str, list[Trained]]
) -> dict[str, ReferenceModel]:
    models = {}
    for name, found in trainings.items():
        first = found[0]
        used = {trained.architecture: architectures[trained.architecture] for trained in found}
        models[name] = ReferenceModel(
            name=name,
            architecture=architectures[first.architecture],
            compile=first.compile,
            fit=first.fit,
            trainings=tuple(found),
            architectures=used,
        )
    return models
