"""The command line of one container: everything closed that can be closed, and every limit that can be set."""

from __future__ import annotations

from grader.sandbox.contract import Limits

LABEL = "labgrade.sandbox"
USER = 65_532
"""User and group inside: no account of the image."""

_LIBRARIES_BYTES = 2 << 30
"""What the imported libraries take, beside what a limit counts."""
_OWN_PROCESSES = 16
_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "HOME": "/scratch",
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": "/tmp/keras",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUNBUFFERED": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def run_arguments(image: str, name: str, limits: Limits, threads: int, podman: bool) -> list[str]:
    """Arguments of `docker run` or `podman run` for one submission.

    Options as of docker-run(1) and podman-run(1). No engine's defaults are relied on for what keeps it closed;
    `grader.sandbox.container.verification` checks from inside that they had their effect.
    """
    memory = limits.memory_bytes + _LIBRARIES_BYTES
    # Where a container may use swap, its memory would not end where the limit says.
    closed = [
        *("--rm", "--interactive", "--pull=never", "--log-driver=none", f"--name={name}", f"--label={LABEL}=1"),
        *("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--ipc=private"),
        *(f"--user={USER}:{USER}", "--hostname=sandbox", "--workdir=/scratch", "--entrypoint=python"),
        *(f"--pids-limit={limits.processes + _OWN_PROCESSES}", f"--cpus={threads}"),
        *(f"--memory={memory}b", f"--memory-swap={memory}b", f"--shm-size={limits.scratch_bytes}b"),
        *(f"--ulimit=nofile={limits.open_files}:{limits.open_files}", "--ulimit=core=0:0"),
        *(f"--tmpfs={place}:{_scratch_options(limits, podman)}" for place in ("/scratch", "/tmp")),
    ]
    if podman:
        # Its other writable places have no size.
        closed.append("--read-only-tmpfs=false")
    environment = {**_ENVIRONMENT, "OMP_NUM_THREADS": str(threads)}
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    return ["run", *closed, *variables, image, "-P", "-m", "grader.sandbox.container.inside"]


def _scratch_options(limits: Limits, podman: bool) -> str:
    # Podman refuses the option; the files' number is then bounded by the container's memory alone.
    inodes = "" if podman else f",nr_inodes={limits.scratch_files}"
    return f"rw,nosuid,nodev,size={limits.scratch_bytes}{inodes},mode=1777"
