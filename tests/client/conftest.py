"""A server whose rings are long enough for a lost connection on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.streamlab_process import StreamlabProcess

STREET = "street=synthetic://traffic?width=320&height=180&fps=30&seed=1"
GATE = "gate=synthetic://traffic?width=320&height=180&fps=15&seed=2"
GOP_S = 10  # two are held: a lost connection may take so long to come back


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    """Cameras `street` and `gate`, annotated with their ground truth."""
    log_path = tmp_path_factory.mktemp("client") / "server.log"
    arguments = ["--camera", STREET, "--camera", GATE, "--model", "truth"]
    with StreamlabProcess(log_path, *arguments, gop_s=GOP_S) as process:
        yield process
