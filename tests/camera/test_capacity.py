"""What a machine can carry follows from what was measured of one camera."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streamlab.camera.capacity import RunningCost, capacity, run_camera
from streamlab.camera.stages import STAGES, StageCosts, measure_stages
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import truth_detector
from streamlab.errors import SourceError
from streamlab.media.source import SourceInfo
from streamlab.media.spec import SourceSpec
from streamlab.media.synthetic_source import SyntheticSource

INFO = SourceInfo("h264", 640, 360, Fraction(25), live=True)
SMALL = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=25")


def costs(**cpu_ms: float) -> StageCosts:
    by_stage = {stage: [cpu_ms.get(stage.replace(" ", "_"), 1.0)] * 3 for stage in STAGES}
    return StageCosts(by_stage, [4, 4, 4])


def running(cpu_ms: float, *, fresh: int = 100, dropped: int = 0) -> RunningCost:
    counts = {"captured": 100 + dropped, "fresh": fresh, "dropped_at_source": dropped}
    return RunningCost(100, 4.0, cpu_ms / 10, counts)


def test_cameras_are_what_fits_into_the_cores() -> None:
    found = capacity(INFO, costs(detect=4.0), running(10.0), cores=4)
    assert found.cameras == int(4 * 950 / (25 * 10))
    assert found.cameras_sparse == int(4 * 950 / (25 * 6 + 4))
    assert found.cpu_ms == pytest.approx(10.0)
    assert (found.fresh, found.dropped) == (1.0, 0.0)


def test_frames_that_the_detector_had_no_time_for_are_added() -> None:
    half = capacity(INFO, costs(detect=8.0), running(10.0, fresh=50), cores=4)
    assert half.cameras == int(4 * 950 / (25 * (6 + 8)))


def test_what_takes_most_is_named() -> None:
    assert "the detector" in capacity(INFO, costs(detect=9.0), running(14.0), cores=2).limit
    both = costs(encode_raw=3.0, encode_annotated=3.0, detect=5.0)
    assert "the two encoders" in capacity(INFO, both, running(14.0), cores=2).limit


def test_nothing_measured_is_said() -> None:
    with pytest.raises(SourceError, match="too few"):
        capacity(INFO, StageCosts(), running(10.0), cores=2)


def test_stages_are_measured_on_a_source_of_its_own() -> None:
    source = SyntheticSource(SMALL)
    found = measure_stages(
        source, truth_detector(source.street), BoxRenderer(), frames=5, within_s=300
    )
    source.close()
    assert found.frames == 5
    assert {stage: len(values) for stage, values in found.cpu_ms.items()} == dict.fromkeys(
        STAGES, 5
    )
    assert found.median_ms("encode raw") > 0


def test_a_camera_that_runs_counts_its_frames() -> None:
    detector = truth_detector(SyntheticSource(SMALL).street)
    found = run_camera(SMALL, detector, within_s=3.0)
    assert found.frames > 0
    assert found.cpu_s > 0
    assert found.counts["captured"] > 0
