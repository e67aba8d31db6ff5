"""Confinement, tried for real in each provider."""

from __future__ import annotations

from collections.abc import Callable

from grader.doctor.finding import Finding
from grader.sandbox.probing.advice import advice
from grader.sandbox.probing.layers import LAYERS, PROVIDERS, Examined, examined


def confinement(progress: Callable[[str], None]) -> tuple[str | None, tuple[Finding, ...]]:
    """The provider that `auto` takes here, and what was found about each; `progress` hears which is being tried."""
    findings: list[Finding] = []
    tried: list[Examined] = []
    for provider in PROVIDERS:
        progress(f"Trying {provider}")
        tried.append(examined(provider))
    chosen = next((one.provider for one in tried if one.refusal is None), None)
    for one in tried:
        findings.append(_provider(one, one.provider == chosen, chosen is not None))
        findings += _layers(one)
    # A provider that starts and leaks is a fault of labgrade: nothing may be graded until somebody has looked at it.
    leaking = any(one.provider == chosen and not one.confines for one in tried)
    return (None if leaking else chosen), tuple(findings)


def _provider(one: Examined, chosen: bool, another: bool) -> Finding:
    if one.refusal is not None:
        status = "limited" if another else "missing"
        return _finding(one, status, f"cannot be had: {_short(one.refusal)}", advice(one.provider, one.refusal))
    if one.broken:
        mend = ("Do not grade with it, and report this to labgrade's authors.",)
        return _finding(one, "missing", f"leaks: {', '.join(sorted(one.broken))}", mend)
    says = f"all {len(LAYERS)} layers hold" + ("; taken by auto" if chosen else "")
    if not one.programs:
        return _finding(one, "works", f"{says}; shell commands in cells fail", ())
    return _finding(one, "works", says, ())


def _finding(one: Examined, status: str, says: str, mend: tuple[str, ...]) -> Finding:
    return Finding.model_validate(
        {"area": "confinement", "name": one.provider, "status": status, "says": says, "mend": mend}
    )


def _layers(one: Examined) -> list[Finding]:
    if one.refusal is not None:
        return []
    return [
        Finding(
            area="layers",
            name=f"{one.provider}: {layer}",
            status="missing" if layer in one.broken else "works",
            says=one.broken.get(layer, promise),
        )
        for layer, promise in LAYERS.items()
    ]


def _short(refusal: str) -> str:
    """The reason without what the doctor's reader knows."""
    text = refusal.removeprefix("Student code cannot be confined on this machine (").partition("). To run it")[0]
    text = text.removeprefix("Student code cannot be confined in a container: ")
    return text.removeprefix("Student code was not run, as it could not be confined ").strip("(). ")
