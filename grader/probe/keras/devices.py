"""Accelerators that code asks for are answered as on the machine that it was written for; what it sets on them does
nothing. All computing stays on the processor.

Only what is asked of a device is served. That one is there decides nothing about a training: TensorFlow itself is told
to compute where it can (soft placement).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

import tensorflow as tf

from grader.probe.link import Link, patch

_NO_SETTINGS = (
    *("set_memory_growth", "set_visible_devices"),
    *("set_logical_device_configuration", "set_virtual_device_configuration"),
)
"""Functions of `tf.config` and `tf.config.experimental` that set something on a device, and return nothing."""


def install(link: Link) -> None:
    """Answer questions for a GPU or a TPU with one, and let settings of it do nothing. Each is noted once."""
    tf.config.set_soft_device_placement(True)
    _serve_lists(link)
    _serve_settings(link)
    _serve_tests(link)
    _serve_tpu(link)


def _note(link: Link, kind: str) -> None:
    link.note("shim", kind, f"The code asks for a {kind}: it was told that one is there, and ran on the processor.")


def _accelerator(kind: str) -> object:
    return tf.config.PhysicalDevice(f"/physical_device:{kind}:0", kind)


def _serve_lists(link: Link) -> None:
    for owner, name in (
        (tf.config, "list_physical_devices"),
        (tf.config.experimental, "list_physical_devices"),
        (tf.config, "get_visible_devices"),
        (tf.config.experimental, "get_visible_devices"),
        (tf.config, "list_logical_devices"),
        (tf.config.experimental, "list_logical_devices"),
    ):
        patch(owner, **{name: _listed(link, getattr(owner, name), "logical" in name)})
    details = tf.config.experimental.get_device_details
    patch(
        tf.config.experimental,
        get_device_details=lambda device: {} if _is_accelerator(device) else details(device),
        get_memory_info=lambda device: {"current": 0, "peak": 0},
    )


def _listed(link: Link, original: Callable[..., list[object]], logical: bool) -> Callable[..., list[object]]:
    @functools.wraps(original)
    def list_devices(device_type: object = None) -> list[object]:
        found = original(device_type)
        # Keras asks, too, and would take a kernel that only a GPU has.
        if found or device_type not in ("GPU", "TPU") or _asked_by_a_library():
            return found
        _note(link, str(device_type))
        if logical:
            return [tf.config.LogicalDevice(f"/device:{device_type}:0", device_type)]
        return [_accelerator(str(device_type))]

    return list_devices


def _asked_by_a_library() -> bool:
    """Whether the function that calls the one that asks this belongs to Keras or TensorFlow."""
    return str(sys._getframe(2).f_globals.get("__name__")).partition(".")[0] in ("keras", "tensorflow")


def _is_accelerator(device: object) -> bool:
    return getattr(device, "device_type", None) in ("GPU", "TPU")


def _serve_settings(link: Link) -> None:
    for owner in (tf.config, tf.config.experimental):
        for name in _NO_SETTINGS:
            if hasattr(owner, name):
                patch(owner, **{name: _setting(link, getattr(owner, name))})


def _setting(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def set_on_device(device: object, *arguments: object, **more: object) -> object:
        # A device is itself a tuple, with names.
        several = isinstance(device, list | tuple) and not hasattr(device, "device_type")
        devices = list(device) if several and isinstance(device, list | tuple) else [device]
        asked = next((str(getattr(one, "device_type", "")) for one in devices if _is_accelerator(one)), None)
        if asked is None and devices:
            return original(device, *arguments, **more)
        _note(link, asked or "GPU")
        return None

    return set_on_device


def _serve_tests(link: Link) -> None:
    def available(*arguments: object, **more: object) -> bool:
        _note(link, "GPU")
        return True

    def name() -> str:
        _note(link, "GPU")
        return "/device:GPU:0"

    patch(tf.test, is_gpu_available=available, gpu_device_name=name, is_built_with_cuda=available)
    patch(tf.compat.v1.test, is_gpu_available=available, gpu_device_name=name)


def _serve_tpu(link: Link) -> None:
    """Connecting to a TPU does nothing, and its strategy is the one without any."""

    class Resolver:
        """In place of a resolver that finds one."""

        cluster_spec = None

        def __init__(self, *arguments: object, **more: object) -> None:
            _note(link, "TPU")

        @classmethod
        def connect(cls, *arguments: object, **more: object) -> Resolver:
            """A resolver that is connected."""
            return cls()

        def master(self) -> str:
            """Address of the TPU."""
            return ""

        def cluster_spec_dict(self) -> dict[str, list[str]]:
            """Its workers."""
            return {}

    patch(tf.distribute.cluster_resolver, TPUClusterResolver=Resolver)

    def nothing(*arguments: object, **more: object) -> None:
        return None

    class Strategy:
        """The strategy of this machine under the TPU's name; a class, as Keras asks what is an instance of it."""

        def __new__(cls, *arguments: object, **more: object) -> object:  # type: ignore[misc]
            return tf.distribute.get_strategy()

    patch(tf.config, experimental_connect_to_cluster=nothing, experimental_connect_to_host=nothing)
    patch(tf.tpu.experimental, initialize_tpu_system=nothing, shutdown_tpu_system=nothing)
    patch(tf.distribute, TPUStrategy=Strategy)
    patch(tf.distribute.experimental, TPUStrategy=Strategy)
