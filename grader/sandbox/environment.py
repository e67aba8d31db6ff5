"""What a process has before student code runs in it or in a fork of it: its environment and the libraries loaded.

The environment is an allow-list, the same on every machine.
"""

from __future__ import annotations

import os
import site
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import grader

_PASSED_ON = ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SYSTEMROOT", "TZ")
FIXED = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUNBUFFERED": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""The same for every process near student code, in a container too: no GPU, no window, no bytecode, and every run alike
in hashes and language."""

STUDENT_ENTRY = "grader.probe.cells:main"
TRAINER_ENTRY = "grader.training.trainer:main"
"""What runs in a process, as `module:function`; both are imported by name, inside."""


def warm_folder() -> Path:
    """A private folder for what Keras and Matplotlib keep between starts. Holds nothing of any submission."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "labgrade" / "warm"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
        # On Windows a user's folders are that user's, and there are no such ids.
        own = os.name != "posix" or status.st_uid == os.getuid()
        if own and not status.st_mode & stat.S_IWOTH and os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="labgrade-warm-"))


def server_environment(search_path: Sequence[Path], threads: int) -> dict[str, str]:
    """The server's whole environment.

    `search_path` are folders to import entry modules from besides the installed packages; `threads` is for OpenMP.
    """
    folder = warm_folder()
    package_parent = Path(grader.__file__).resolve().parents[1]
    # With another HOME the server would not find packages installed for this user alone.
    own_packages = [path for path in (site.getusersitepackages(),) if site.ENABLE_USER_SITE and path in sys.path]
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **FIXED,
        "HOME": str(folder),
        "KERAS_HOME": str(folder / "keras"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "OMP_NUM_THREADS": str(threads),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(map(str, (*search_path, package_parent, *own_packages))),
    }


PRELOAD = (
    "numpy",
    "scipy.stats",
    "scipy.ndimage",
    "pandas",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "seaborn",
    "sklearn.datasets",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "IPython.core.interactiveshell",
    "tensorflow",
    "keras",
    "grader.sandbox.lazy",
)
"""Imported by the server, besides the modules of the entry functions. `grader.sandbox.lazy` touches what Keras and
TensorFlow load lazily."""
