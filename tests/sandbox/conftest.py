"""A warm server without TensorFlow, per provider that works on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_helpers import Sandbox, note_strangers, quick_server

from grader.errors import SandboxUnavailableError
from grader.sandbox.linux.child import is_privileged
from grader.sandbox.linux.restrictions import landlock_version


@pytest.fixture(autouse=True)
def _strangers() -> None:
    """What other rooms' tests keep running is not of these tests."""
    note_strangers()


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each provider."""
    with quick_server(request.param) as server:
        try:
            server.provider  # noqa: B018
        except SandboxUnavailableError as error:
            if ought_to_work(request.param):
                pytest.fail(f"this machine has all that it takes: {error}")
            pytest.skip(str(error))
        yield Sandbox(server)


def ought_to_work(provider: str) -> bool:
    """Whether a refusal is a fault of the code: the kernel and the user have what the provider needs."""
    return landlock_version() >= 3 if provider == "landlock" else is_privileged()
