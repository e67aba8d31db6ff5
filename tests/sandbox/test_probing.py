"""The probe of `labgrade doctor`: it finds what leaks, and advice follows what was found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sandbox_helpers import HERE

from grader.errors import SandboxUnavailableError
from grader.sandbox.linux import restrictions
from grader.sandbox.probing import providers
from grader.sandbox.warm import WarmServer


@pytest.mark.parametrize("provider", ["namespaces", "landlock"])
def test_every_layer_holds(provider):
    """A provider that works here holds in every layer; one that does not says which step failed."""
    examined = providers.examine(provider)
    if examined.refusal is not None:
        pytest.skip(examined.refusal)
    assert examined.broken == {}
    assert examined.confines
    assert examined.programs == (provider == "namespaces")


def test_the_probe_finds_what_is_open():
    """Without confinement it reaches files, network, sockets and processes, and the doctor sees that it did."""
    with WarmServer(student=providers._ENTRY, trainer="", preload=["numpy"], provider="unconfined") as server:
        broken, programs = providers._broken_layers(server)
    assert {"reading", "writing", "network", "unix sockets", "other processes", "rights"} <= set(broken)
    assert "read a file" in broken["reading"]
    assert "connect by TCP" in broken["network"]
    assert programs


LEAK = """
import grader.sandbox.linux.child as lockdown, grader.sandbox.supervisor as watch
lockdown.limit_process = lambda *a: None
watch.Watch._limit_passed = lambda self: None
"""


def test_limits_that_do_not_hold_are_found(tmp_path, monkeypatch):
    """A provider that starts and leaks is told layer by layer, and may not be used."""
    (tmp_path / "sitecustomize.py").write_text(LEAK)

    def leaking(provider: str) -> WarmServer:
        entry = providers._ENTRY
        return WarmServer(entry, "", ["numpy"], provider, search_path=[tmp_path, HERE])

    monkeypatch.setattr(providers, "_server", leaking)
    examined = providers.examine("landlock")
    if examined.refusal is not None:
        pytest.skip(examined.refusal)
    assert set(examined.broken) == {"processes", "memory", "disk"}
    assert not examined.confines


def test_a_provider_that_is_not_to_be_had_is_told_with_its_reason(monkeypatch):
    """The doctor lives on where a provider refuses."""

    def refused(provider: str) -> WarmServer:
        raise SandboxUnavailableError("no such thing here")

    monkeypatch.setattr(providers, "_server", refused)
    examined = providers.examine("namespaces")
    assert examined.refusal == "no such thing here"
    assert not examined.confines


@pytest.mark.parametrize(
    ("provider", "refusal", "settings", "says"),
    [
        ("namespaces", "unshare", {"kernel/apparmor_restrict_unprivileged_userns": "1"}, "AppArmor"),
        ("namespaces", "unshare", {"kernel/unprivileged_userns_clone": "0"}, "unprivileged_userns_clone=1"),
        ("namespaces", "unshare", {"user/max_user_namespaces": "0"}, "max_user_namespaces=10000"),
        ("landlock", "libseccomp: libseccomp is not installed", {}, "apt install libseccomp2"),
    ],
)
def test_advice_follows_the_machine(monkeypatch, provider, refusal, settings, says):
    """The setting that stands in the way is named with the command that changes it."""
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(providers, "_setting", lambda name: settings.get(name, ""))
    found = providers.advice(provider, refusal)
    assert any(says in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("version", "active", "says"),
    [
        (0, "lockdown,yama,apparmor", "landlock to lsm="),
        (0, "", "has no Landlock"),
        (2, "landlock", "6.2 or newer"),
    ],
)
def test_advice_on_landlock(monkeypatch, version, active, says):
    """An old kernel, one without Landlock and one with it switched off want different things."""
    monkeypatch.setattr(providers, "landlock_version", lambda: version)
    monkeypatch.setattr(providers, "_text", lambda path: active if path == Path("/sys/kernel/security/lsm") else "")
    assert any(says in sentence for sentence in providers.advice("landlock", "Landlock: too old"))


def test_landlock_is_asked_without_harm():
    """The version is a number on every kernel."""
    assert restrictions.landlock_version() >= 0
