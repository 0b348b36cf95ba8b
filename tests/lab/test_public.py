"""What users may rely on: names that exist, have documentation, and are not easily mistaken."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamlab
from streamlab import Lab, LabCamera

ROOT = Path(__file__).parents[2]
TINY = "synthetic://traffic?width=160&height=90&fps=5"
DOCUMENTED = set(re.findall(r"\w+", (ROOT / "docs" / "lab.md").read_text("utf-8")))
LAB_NAMES = ["add", "cameras", "close", "grid", "name", "remove", "serve", "stats"]
CAMERA_NAMES = [
    "detector",
    "drift_plot",
    "frames",
    "health",
    "inject",
    "max_playout_delay_ms",
    "max_stale_fraction",
    "name",
    "policy",
    "record_trace",
    "renderer",
    "snapshot",
    "source",
    "state",
    "stats",
    "switch",
    "sync_tolerance_ms",
    "view",
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(name="public") as made:
        made.add(TINY, "tiny", detector="none")
        yield made


@pytest.fixture
def cam(lab: Lab) -> LabCamera:
    return lab["tiny"]


@pytest.mark.parametrize("name", streamlab.__all__)
def test_what_the_package_offers_exists_and_is_documented(name: str) -> None:
    offered = getattr(streamlab, name)
    assert name in DOCUMENTED
    assert isinstance(offered, str) or inspect.getdoc(offered)


def test_the_package_offers_nothing_else() -> None:
    assert dir(streamlab) == sorted(streamlab.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Labb'"):
        _ = streamlab.Labb  # type: ignore[attr-defined]


def test_completion_offers_what_users_need(lab: Lab, cam: LabCamera) -> None:
    assert dir(lab) == LAB_NAMES
    assert dir(cam) == CAMERA_NAMES


@pytest.mark.parametrize(
    ("kind", "name"),
    [*((Lab, name) for name in LAB_NAMES), *((LabCamera, name) for name in CAMERA_NAMES)],
)
def test_what_a_lab_and_a_camera_offer_is_documented(kind: type, name: str) -> None:
    assert name in DOCUMENTED
    assert inspect.getdoc(getattr(kind, name))


def test_a_mistyped_attribute_of_a_camera_names_the_nearest(cam: LabCamera) -> None:
    before = cam.sync_tolerance_ms
    nearest = "LabCamera has no attribute 'sync_tolerence_ms'. Did you mean 'sync_tolerance_ms'?"
    with pytest.raises(AttributeError, match=re.escape(nearest)):
        cam.sync_tolerence_ms = 20  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=re.escape(nearest)):
        _ = cam.sync_tolerence_ms  # type: ignore[attr-defined]
    assert cam.sync_tolerance_ms == before
    cam.sync_tolerance_ms = before


def test_a_mistyped_attribute_of_a_lab_names_the_nearest(lab: Lab) -> None:
    with pytest.raises(AttributeError, match="Did you mean 'serve'"):
        lab.serv(8001)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"Lab has no attribute 'xylophone'\.$"):
        lab.xylophone = 1  # type: ignore[attr-defined]


def test_methods_and_read_only_values_cannot_be_replaced(cam: LabCamera) -> None:
    with pytest.raises(AttributeError, match="LabCamera does not let you set 'snapshot'"):
        cam.snapshot = 3  # type: ignore[assignment, method-assign]
    with pytest.raises(AttributeError, match="no setter"):
        cam.name = "other"  # type: ignore[misc]
