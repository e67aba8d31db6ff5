"""The criterion `saved_model`: the trained model is saved to a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from grader.criteria import AboutAModel, Case, Seen
from grader.facts.keras import CHECKPOINTING
from grader.records import Mistake, ModelSaved, Reason, Subject, Trained, Verdict

_SAVES = re.compile(r"\.save(?:_weights)?\s*\(|\bsave_model\s*\(")
"""Keras' own calls that save a model: code of them that did not run is worth a look."""
_OTHER_WAYS = re.compile(r"\b(?:to_json|to_yaml|pickle\.dump|joblib\.dump|dump|get_weights)\s*\(|ModelCheckpoint")
"""Ways to keep a model, or its weights, that the recording does not see as saving."""
_UNTRAINED = 0.5
"""Share for a model that is saved before its training: the call is there, what it is for is lost."""
_LESS = 0.5
"""Share for the weights where the model was asked for, or the other way round: kept, but not in the way asked for."""


class SavedModelCriterion(AboutAModel):
    """The trained model is saved to a file."""

    title: ClassVar[str] = "Saved model"
    about: ClassVar[Subject] = "model"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"not_saved"})

    sentences: ClassVar[Mapping[str, str]] = {
        "saved": "{place:capital} saves the trained {what}.",
        "saved_as": "{place:capital} saves the trained {what} as a {ending} file.",
        "no_folder": "Its folder exists on the group's machine alone, which costs nothing.",
        "other_asked": "The {wanted:choose model=model was|weights=weights were} asked for.",
        "checkpoint": "{place:capital} saves it during training, with a ModelCheckpoint.",
        "untrained": "{place:capital} saves it before its training: the file lacks what it learned.",
        "other_model": "`{model}` is saved, but not this model.",
        "own_way": "{place:capital} may keep the model in a way of its own.",
        "saving_code": "{place:capital} has a call that saves.",
    }

    kind: Literal["saved_model"] = "saved_model"
    what: Literal["any", "model", "weights"] = "any"
    """What the file is to hold; `any` leaves it to the group."""

    def judge(self, case: Case) -> Verdict:
        """The question's own model is saved after its training.

        A folder that only the group's machine has costs nothing.
        """
        case = case.about(self.model)
        model = case.model
        saved = [event for event in case.match.rerun.events if isinstance(event, ModelSaved)]
        own = [event for event in saved if model and event.model in model.models]
        trained = [event for event in own if model and event.trained in model.trainings]
        if trained:
            return self._kept(max(trained, key=lambda event: (self.what in ("any", event.what), event.seq)), case)
        checkpoints = [training.cell for training in case.trainings if _has_checkpoint(training)]
        if checkpoints:
            said = self.because("checkpoint", place=case.place(checkpoints[0]))
            return self.graded(1.0, said, evidence=case.places(checkpoints[:1]))
        if own:
            said = self.because("untrained", place=case.place(own[0].cell))
            return self.graded(_UNTRAINED, said, evidence=case.places([own[0].cell]))
        others = [other for event in saved for other in case.others if event.model in other.models]
        if others and case.all_trainings:
            said = self.because("other_model", model=others[0].label)
            return self.graded(0.0, said, evidence=case.places(event.cell for event in saved))
        code = _cells_with(_OTHER_WAYS, case)
        if code and case.all_trainings:
            return self.review(self.because("own_way", place=case.place(code[0])), evidence=case.places(code[:1]))
        saving = [self.because("saving_code", place=case.place(cell)) for cell in _cells_with(_SAVES, case)[:1]]
        return self.missing(case, "saved model", *saving)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the model is saved."""
        if seen.happens("model_saved"):
            yield cls(points=1)

    def _kept(self, event: ModelSaved, case: Case) -> Verdict:
        """The verdict on the trained model's file."""
        where = case.place(event.cell)
        reasons: list[Reason] = [
            self.because("saved_as", place=where, what=event.what, ending=event.ending)
            if event.ending
            else self.because("saved", place=where, what=event.what)
        ]
        if not event.written:
            reasons.append(self.because("no_folder"))
        as_asked = self.what in ("any", event.what)
        if not as_asked:
            reasons.append(self.because("other_asked", wanted=self.what))
        evidence = case.places([event.cell])
        share = 1.0 if as_asked else _LESS
        return self.graded(share, *reasons, observed=event.what, expected=self.what, evidence=evidence)


def _has_checkpoint(training: Trained) -> bool:
    return any(CHECKPOINTING in str(callback.get("class_name")) for callback in training.fit.callbacks)


def _cells_with(pattern: re.Pattern[str], case: Case) -> list[int]:
    """Cells of code that match `pattern`, in order."""
    cells = case.match.submission.cells
    return [cell.index for cell in cells if cell.kind == "code" and pattern.search(cell.source)]
