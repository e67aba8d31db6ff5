"""A class on a local cluster of three worker processes: the same files as without it, also when a worker is killed."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster
from fictional_class import SESSION, Quiet, fictional_lab, fictional_submission, graded, options_for
from test_batch import contents

from grader.batch.class_run import grade_class
from grader.cluster.cluster import ClusterWorkers, connect, read_cluster_file
from grader.errors import UserError

SIZE = 8


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Three processes with a nanny each, which starts one anew when it dies."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as made:
        yield made


def class_in(root: Path) -> Path:
    fictional_lab(root)
    for number in range(SIZE):
        fictional_submission(root / "in", f"group{number:02}", f"x = {number}")
    return root


def on_cluster(root: Path, cluster: LocalCluster) -> Quiet:
    watcher = Quiet()
    options = options_for(root)
    workers = ClusterWorkers(cluster.scheduler_address, options)
    found = grade_class(root / "in", options, watcher, workers, session=SESSION)
    assert (found.state.done, found.problems) == (SIZE, {})
    return watcher


def reports(root: Path) -> dict[str, bytes]:
    """What a teacher gets, submission by submission."""
    return {name: data for name, data in contents(root).items() if not name.startswith((".labgrade", "class."))}


@pytest.mark.long
@pytest.mark.slow
def test_a_worker_killed_in_the_middle_costs_nothing(
    tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are those of a run on this machine alone, and each submission is finished once."""
    alone = class_in(tmp_path / "alone")
    graded(alone)
    together = class_in(tmp_path / "together")
    killed: list[int] = []

    def kill_one() -> None:
        ledger = together / "cache" / "ledger"
        while not (ledger.exists() and len(ledger.read_text().split()) >= 3):
            time.sleep(0.02)
        process = next(iter(cluster.workers.values())).process
        killed.append(process.pid)
        os.kill(process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    watcher = on_cluster(together, cluster)
    killer.join(60)
    assert killed
    assert sorted(done.name for done in watcher.done) == [f"group{number:02}" for number in range(SIZE)]
    ours, theirs = reports(together), reports(alone)
    assert ours.keys() == theirs.keys()
    same = [name for name in ours if name.endswith((".json", ".csv"))]
    assert len(same) > SIZE
    assert all(ours[name] == theirs[name] for name in same)


def test_a_wrong_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: a teacher is told what to give."""
    monkeypatch.setattr("grader.cluster.cluster._CONNECT_SECONDS", 1)
    with pytest.raises(UserError, match="no Dask scheduler answers"), connect("tcp://127.0.0.1:9"):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cluster: no_such_package.Cluster", "there is no no_such_package.Cluster"),
        ("cluster: pathlib.Path", "is no Dask cluster"),
        ("cluster: distributed.LocalCluster\nwokers: 3", "wokers"),
        (
            "cluster: distributed.LocalCluster\narguments: {n_wrkers: 1, processes: false, dashboard_address: null}",
            "could not be started",
        ),
        ("[1, 2", "docs/cluster.md"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    """What is wrong in a cluster's file is named, with the file."""
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=told) as error, connect(str(path)):
        pass
    assert "cluster.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_names_class_arguments_and_size(tmp_path: Path) -> None:
    """Any class of Dask's kind, with what it is called with."""
    path = tmp_path / "slurm.yaml"
    path.write_text("cluster: dask_jobqueue.SLURMCluster\narguments: {cores: 2, memory: 8GB}\nadapt: {maximum: 40}\n")
    wanted = read_cluster_file(path)
    assert wanted.arguments == {"cores": 2, "memory": "8GB"}
    assert wanted.adapt is not None
    assert wanted.adapt.maximum == 40
