"""A warm server without TensorFlow, per provider that works on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_helpers import Sandbox, quick_server

from grader.errors import SandboxUnavailableError


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each provider."""
    with quick_server(request.param) as server:
        try:
            server.provider  # noqa: B018
        except SandboxUnavailableError as error:
            pytest.skip(str(error))
        yield Sandbox(server)
