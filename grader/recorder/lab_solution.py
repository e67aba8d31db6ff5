"""The reference: the lab's own solution, recorded like a submission, with more seeds for each of its models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from grader.recorder.host import Recorded
from grader.recorder.trainings import FinishedTraining, TrainingHandler
from grader.records import Progress, Recording, Reference, ReferenceModel, Rubric, Trained
from grader.training.service import EpochProgress

SEEDS = {"quick": 2, "full": 3}
_SHORTEST_SECONDS = 300.0
_TIMES_THE_LONGEST = 30.0
_SHORTEST_SECONDS_OF_ALL = 1800.0
_TIMES_ALL = 30.0


def complete_reference(
    rubric: Rubric, recorded: Recorded, trainer: TrainingHandler, effort: str, progress: Progress
) -> Reference:
    """The reference of `rubric`, after training what has fewer replicas than the effort wants."""
    named = {question.model for question in rubric.questions if question.model}
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
    recording = recorded.recording.model_copy(update={"testimony": "reference"})
    return Reference(rubric=rubric.name, recording=recording, models=_models(recording, trainings))


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


def _models(recording: Recording, trainings: Mapping[str, list[Trained]]) -> dict[str, ReferenceModel]:
    models = {}
    for name, found in trainings.items():
        first = found[0]
        used = {trained.architecture: recording.architectures[trained.architecture] for trained in found}
        models[name] = ReferenceModel(
            name=name,
            architecture=recording.architectures[first.architecture],
            compile=first.compile,
            fit=first.fit,
            trainings=tuple(found),
            architectures=used,
        )
    return models
