"""A server whose rings are long enough for a lost connection on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.fakes.streamlab_process import StreamlabProcess

STREET = "street=synthetic://traffic?width=320&height=180&fps=30&seed=1"
GATE = "gate=synthetic://traffic?width=320&height=180&fps=15&seed=2"
GOP_S = 3


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    """Cameras `street` and `gate`, annotated with their ground truth."""
    log_path = tmp_path_factory.mktemp("client") / "server.log"
    arguments = ["--camera", STREET, "--camera", GATE, "--model", "truth"]
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("STREAMLAB_GOP_S", str(GOP_S))
            environment.setenv("STREAMLAB_CLIENT_QUEUE_FRAGMENTS", "200")
            process = stack.enter_context(StreamlabProcess(log_path, *arguments))
        yield process
