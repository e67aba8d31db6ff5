"""A client of the cluster that the teacher named: a scheduler's address, or a file that says how to start one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from distributed import Client
from distributed.deploy import Cluster
from pydantic import BaseModel, ConfigDict, JsonValue, PositiveInt, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from grader.errors import UserError

_CONNECT_SECONDS = 15


class Adapt(BaseModel):
    """Between how many workers the cluster may scale by itself."""

    model_config = ConfigDict(extra="forbid")
    minimum: int = 0
    maximum: PositiveInt


class ClusterFile(BaseModel):
    """`cluster.yaml`: any class of Dask's own kind by its name, such as `dask_jobqueue.SLURMCluster`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    cluster: str
    """`package.module.Class`."""
    arguments: dict[str, JsonValue] = {}
    """What the class is called with."""
    workers: PositiveInt | None = None
    adapt: Adapt | None = None


@contextmanager
def connected_client(choice: str) -> Iterator[Client]:
    """A client of the scheduler at `choice`, or of a cluster that the YAML file `choice` describes.

    What was started here ends with it. Raises `UserError`.
    """
    if Path(choice).suffix in (".yaml", ".yml") or Path(choice).is_file():
        with _started(Path(choice)) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(choice, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"--cluster {choice}: no Dask scheduler answers there ({error or type(error).__name__}); give an address "
            "such as tcp://10.0.0.5:8786, or a YAML file (docs/cluster.md)."
        ) from error
    with client:
        yield client


def _started(path: Path) -> Any:
    """The cluster that the file describes, started."""
    wanted = read_cluster_file(path)
    module, _, name = wanted.cluster.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"{path}: there is no {wanted.cluster} here ({error}); install its package, or mend the name."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Cluster)):
        raise UserError(f"{path}: {wanted.cluster} is no Dask cluster.")
    try:
        cluster = kind(**wanted.arguments)
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        cause = error.__cause__ or error
        raise UserError(f"{path}: {wanted.cluster} could not be started with these arguments: {cause}.") from error
    if wanted.adapt is not None:
        cluster.adapt(minimum=wanted.adapt.minimum, maximum=wanted.adapt.maximum)
    elif wanted.workers is not None:
        cluster.scale(wanted.workers)
    return cluster


def read_cluster_file(path: Path) -> ClusterFile:
    """What `path` asks for. Raises `UserError`."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return ClusterFile.model_validate(content)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from error
    except (YAMLError, UnicodeDecodeError, ValidationError) as error:
        told = error.errors()[0] if isinstance(error, ValidationError) else None
        reason = (
            f"{'.'.join(map(str, told['loc'])) or 'the file'}: {told['msg']}" if told else str(error).split("\n")[0]
        )
        raise UserError(f"{path}: {reason} (docs/cluster.md shows one).") from error
