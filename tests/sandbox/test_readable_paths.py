"""What may be read: the Python environment and the system, never the project."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import grader
from grader.sandbox.linux import restrictions as restrictions
from grader.sandbox.linux import root
from grader.sandbox.linux.root import readable_paths, without_hidden


def within(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path == Path(folder) or Path(folder) in path.parents for folder in folders)


def test_python_is_readable_and_the_project_is_not():
    """Packages, the standard library and programs are there; the checkout, home and /etc/shadow are not."""
    paths = readable_paths().paths
    for wanted in (np.__file__, os.__file__, os.path.realpath(sys.executable), "/usr/bin/env"):
        assert within(Path(os.path.realpath(wanted)), tuple(map(os.path.realpath, paths))), wanted
    for unwanted in (Path(grader.__file__).parents[1] / "README.md", Path.home() / ".ssh", Path("/etc/shadow")):
        assert not within(unwanted, paths), unwanted


def test_a_virtual_environment_inside_the_project_does_not_show_the_project(tmp_path, monkeypatch):
    """Of `.venv` in a checkout only the environment's own folders are shown; of a prefix that is a checkout too."""
    for name in ("lib/python/site-packages", "bin", "rubrics", ".git"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    paths = readable_paths().paths
    assert within(tmp_path / "lib" / "x.so", paths)
    assert not within(tmp_path / "rubrics" / "rubric.yaml", paths)
    assert not within(tmp_path / ".git" / "config", paths)


def test_an_installed_labgrade_is_hidden(tmp_path, monkeypatch):
    """Where labgrade lies among the installed packages, with its rubrics, everything but it is shown."""
    packages = tmp_path / "lib" / "python3" / "site-packages"
    for name in ("grader/_bundled/rubrics", "numpy", "keras"):
        (packages / name).mkdir(parents=True)
    (packages / "grader" / "__init__.py").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(root.grader, "__file__", str(packages / "grader" / "__init__.py"))
    found = readable_paths()
    assert found.hidden == (str(packages / "grader"),)
    shown = without_hidden(found)
    assert within(packages / "numpy" / "core.py", shown)
    assert not within(packages / "grader" / "_bundled" / "rubrics" / "rubric.yaml", shown)


def test_links_keep_their_names(tmp_path, monkeypatch):
    """A prefix reached through a link is shown under the name that programs use, once."""
    (tmp_path / "real" / "lib").mkdir(parents=True)
    (tmp_path / "real" / "lib64").symlink_to("lib")
    (tmp_path / "real" / "share").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "real"))
    found = readable_paths()
    assert (str(tmp_path / "real" / "lib64"), str(tmp_path / "real" / "lib")) in found.links
    assert str(tmp_path / "real" / "share") in found.paths


def test_a_missing_libseccomp_names_its_package(monkeypatch):
    """Who lacks the library reads which package to install."""

    def missing(*_: object) -> None:
        raise OSError("cannot open shared object file")

    restrictions._library.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(OSError, match="libseccomp2"):
        restrictions.require_libseccomp()
    monkeypatch.undo()
    restrictions.require_libseccomp()
