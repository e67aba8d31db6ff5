"""`labgrade doctor`: what it finds, how it says so, and with which code it leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from grader import health as confining
from grader import health as machine
from grader.cli import main
from grader.datasets.dataset import Dataset
from grader.errors import UserError
from grader.health import Examination
from grader.sandbox.probing.providers import LAYERS, Examined

HOLDS = Examined("namespaces", None, {}, programs=True)
REFUSED = Examined("landlock", "Student code cannot be confined on this machine (landlock: too old). To run it ...", {})
LEAKS = Examined("namespaces", None, {"reading": "it could read a file"})


def doctor(monkeypatch: pytest.MonkeyPatch, folder: Path, *examined: Examined, arguments: tuple[str, ...] = ()):
    """The command with providers as in `examined`; its exit code and what it says."""
    known = {one.provider: one for one in examined}
    absent = {name: Examined(name, f"{name}: absent here", {}) for name in ("namespaces", "landlock", "container")}
    monkeypatch.setattr(confining, "examine", lambda provider: {**absent, **known}[provider])
    monkeypatch.setattr(machine, "_DATASETS", ("mnist",))
    write_mnist(folder)
    done = CliRunner().invoke(main, ["doctor", "--cache", str(folder / "cache"), "--data", str(folder), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_ready_when_a_provider_holds(monkeypatch, tmp_path):
    """Exit code 0 and the provider's name when one confines; the others say why not."""
    code, said = doctor(monkeypatch, tmp_path, HOLDS, REFUSED)
    assert code == 0
    assert "Ready: student code is confined by namespaces." in said
    assert f"all {len(LAYERS)} layers hold" in said
    assert "landlock: too old" in said
    for name in ("libraries", "device", "mnist", "PDF", "cache", "memory"):
        assert name in said


def test_not_ready_when_none_does(monkeypatch, tmp_path):
    """Exit code 1 where nothing confines."""
    code, said = doctor(monkeypatch, tmp_path, REFUSED)
    assert code == 1
    assert "Not ready" in said


def test_a_leak_is_not_ready(monkeypatch, tmp_path):
    """A provider that starts and leaks stops grading, and the layer is shown."""
    code, said = doctor(monkeypatch, tmp_path, LEAKS)
    assert code == 1
    assert "it could read a file" in said


def test_findings_as_json(monkeypatch, tmp_path):
    """`--json` prints the examination alone, which reads back."""
    code, said = doctor(monkeypatch, tmp_path, HOLDS, arguments=("--json",))
    found = Examination.model_validate(json.loads(said))
    assert (code, found.confined_by, found.ready) == (0, "namespaces", True)
    assert {finding.area for finding in found.findings} == {
        *("confinement", "layers", "versions", "device", "data", "reports", "storage", "memory")
    }


def write_mnist(folder: Path) -> None:
    images, labels = np.zeros((60, 28, 28), np.uint8), (np.arange(60) % 10).astype(np.uint8)
    np.savez(folder / "mnist.npz", x_train=images, y_train=labels, x_test=images[:10], y_test=labels[:10])


def test_data_sets_are_named_with_their_source(tmp_path, monkeypatch):
    """A folder's file is what it is; a stand-in is told as such, with the way to the real one; so is an absent one."""
    write_mnist(tmp_path)
    real = machine.load_dataset("mnist", tmp_path, tmp_path / "cache", download=False)

    def loaded(name: str, *_: object, **more: object) -> Dataset:
        if name == "absent":
            raise UserError("it is not at hand")
        return replace(real, standin=name == "cifar10")

    monkeypatch.setattr(machine, "load_dataset", loaded)
    monkeypatch.setattr(machine, "_DATASETS", ("mnist", "cifar10", "absent"))
    mnist, cifar10, absent = machine.datasets(tmp_path, tmp_path / "cache")
    assert (mnist.status, cifar10.status, absent.status) == ("works", "limited", "missing")
    assert "mnist.npz in the data folder" in mnist.says
    assert "cifar10.npz" in cifar10.mend[0]


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    """The folder and the option that chooses another one are named."""
    monkeypatch.setattr(machine.os, "access", lambda path, mode: False)
    found = machine.storage(tmp_path / "not" / "yet")
    assert found.status == "missing"
    assert "--cache" in found.mend[0]


def test_a_missing_pango_is_told(monkeypatch):
    """Without Pango the reports are HTML, and the install command is shown."""

    def missing(*_: object) -> bytes:
        raise machine.PdfLibrariesError("PDFs need Pango: apt install libpango-1.0-0")

    monkeypatch.setattr(machine, "tagged_pdf", missing)
    found = machine.pdf()
    assert (found.status, found.mend) == ("limited", ("PDFs need Pango: apt install libpango-1.0-0",))


def test_building_an_image_without_an_engine_is_one_line(monkeypatch, tmp_path):
    """`--build-image` where there is no engine: a user's mistake, exit code 2."""
    monkeypatch.setenv("LABGRADE_CONTAINER_ENGINE", "no-such-engine")
    done = CliRunner().invoke(main, ["doctor", "--build-image", "--cache", str(tmp_path)])
    assert done.exit_code == 2
    assert "install Docker Desktop or podman" in done.output
