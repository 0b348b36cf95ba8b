"""A lab whose cameras run in a worker process."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab import Lab
from streamlab.errors import InvalidRequestError

STREET = "synthetic://traffic?width=160&height=90&fps=30"


def nothing(_: NDArray[np.uint8]) -> sv.Detections:
    return sv.Detections.empty()


def test_cameras_run_in_a_worker_and_functions_in_the_kernel() -> None:
    with Lab(name="workers", workers=1) as lab:
        street = lab.add(STREET, "street", detector="truth")
        assert street.snapshot().raw.shape == (90, 160, 3)
        street.sync_tolerance_ms = 20
        assert street.sync_tolerance_ms == 20
        own = lab.add(STREET, "own", detector=nothing)
        assert own.snapshot().raw.shape == (90, 160, 3)
        (worker,) = lab._runtime.manager.carrier.workers()
        assert worker.cameras == ("street",)
        with pytest.raises(InvalidRequestError, match="cannot be used in a worker process"):
            street.detector = nothing
        street.detector = "none"
        assert street.health.state == "live"
