"""Cameras and viewers that come, change and go in any order and at the same time.

Requests are begun by one rule and end during others. Whatever they interleave with, each camera
that runs is detected on, nothing outlives its camera, and an id is free as soon as it is given up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from streamlab.camera import SourceChanged
from streamlab.config.camera import CameraConfig
from streamlab.core.channels import ANNOTATED, RAW, QualityLevel, SourceState, View
from streamlab.core.stream.connection import Connection
from streamlab.errors import StreamlabError, UnknownCameraError
from streamlab.faults import Faults
from streamlab.media.spec import SourceSpec
from streamlab.viewers import Camera
from tests.viewers.producers import producer_of
from tests.viewers.staged import StagedDetector
from tests.viewers.staged_process import MAX_TURNS, Process, running_services

IDS = st.sampled_from(["yard", "gate"])
INDEX = st.integers(0, 7)
OPENINGS = st.tuples(
    st.sampled_from([0.0, 0.5, 5.0, 30.0]), st.sampled_from([True, True, True, False])
)
OWN = st.none() | INDEX


@precondition
def a_camera_runs(races: Any) -> bool:
    return bool(races.manager.cameras)


@precondition
def somebody_reads(races: Any) -> bool:
    return bool(races.readers)


class Races(Process):
    """Requests of all kinds, begun in any order."""

    def camera(self, index: int) -> Camera:
        return list(self.manager.cameras.values())[index % len(self.manager.cameras)]

    def detector(self, own: int | None) -> StagedDetector | None:
        return None if own is None else self.detectors[own % len(self.detectors)]

    def spec(self, opens: tuple[float, bool]) -> str:
        self.specs += 1
        source = f"rtsp://camera.example/{self.specs}"
        self.stage.opens[SourceSpec.parse(source)] = opens
        return source

    @rule(name=IDS, opens=OPENINGS, wait=st.booleans(), replace=st.booleans(), own=OWN)
    def add(
        self, name: str, opens: tuple[float, bool], wait: bool, replace: bool, own: int | None
    ) -> None:
        spec = SourceSpec.parse(self.spec(opens))
        detector = self.detector(own)
        adding = self.manager.add_camera(name, spec, detector=detector, wait=wait, replace=replace)
        self.additions.append(self.begin(adding))

    @rule(name=IDS, opens=OPENINGS, wait=st.booleans())
    def add_kept(self, name: str, opens: tuple[float, bool], wait: bool) -> None:
        config = CameraConfig.of(name, self.spec(opens))
        self.begin_keeping(config, None, wait=wait)

    def begin_keeping(
        self, config: CameraConfig, detector: StagedDetector | None, *, wait: bool
    ) -> None:
        """Add a camera; if that succeeds, it is in the store as long as it runs."""

        async def keep() -> None:
            adding = self.manager.add_configured(config, detector=detector, keep=True, wait=wait)
            self.kept[await adding] = config

        self.additions.append(self.begin(keep()))

    @a_camera_runs
    @rule(index=INDEX, opens=OPENINGS, own=OWN)
    def remove_and_add_again(self, index: int, opens: tuple[float, bool], own: int | None) -> None:
        """An id is free once its removal has begun."""
        self.turn(MAX_TURNS)  # what was begun before is on its way
        if not self.manager.names:
            return
        name = self.manager.names[index % len(self.manager.names)]
        self.begin(self.manager.forget_camera(name))
        self.turn(1)
        assert name not in self.manager.names
        config, detector = CameraConfig.of(name, self.spec(opens)), self.detector(own)
        self.begin_keeping(config, detector, wait=False)
        self.turn(1)
        assert self.manager.cameras[name].spec == config.spec

    @rule(name=IDS)
    def forget(self, name: str) -> None:
        self.begin(self.manager.forget_camera(name))

    @rule(name=IDS)
    def remove(self, name: str) -> None:
        """Stop it only: it stays in the store."""
        self.stopped.add(name)
        self.begin(self.manager.remove_camera(name))

    @a_camera_runs
    @rule(name=IDS, own=OWN)
    def change_detector(self, name: str, own: int | None) -> None:
        self.call(self.manager.request_detector, name, self.detector(own))

    @a_camera_runs
    @rule(index=INDEX)
    def capture(self, index: int) -> None:
        self.stage.capture(self.camera(index))
        self.turn(2)

    @a_camera_runs
    @rule(index=INDEX)
    def end_source(self, index: int) -> None:
        producer_of(self.camera(index))._handover.put([SourceChanged(SourceState.ENDED, "")])

    @precondition(lambda self: bool(self.requests))
    @rule(index=INDEX)
    def cancel(self, index: int) -> None:
        self.requests[-1 - index % len(self.requests)].cancel()

    # -- viewers -------------------------------------------------------------------------

    @a_camera_runs
    @rule(index=INDEX)
    def join(self, index: int) -> None:
        camera = self.camera(index)
        connection = self.call(self.viewers.open, camera, [RAW])
        if connection:
            self.read(camera, connection)

    def read(self, camera: Camera, connection: Connection) -> None:
        reader = self.viewers.read([(camera, connection)])
        self.call(reader.listen, lambda: None)
        self.readers.append((reader, camera, connection))

    @a_camera_runs
    @rule(index=INDEX)
    def reserve(self, index: int) -> None:
        camera = self.camera(index)
        connection = self.call(self.viewers.reserve, camera)
        if connection:
            self.reserved.append((camera, connection))

    @precondition(lambda self: bool(self.reserved))
    @rule(index=INDEX)
    def claim(self, index: int) -> None:
        camera, connection = self.reserved.pop(index % len(self.reserved))
        if self.call(self.viewers.claim, camera, connection.connection_id):
            self.read(camera, connection)

    @somebody_reads
    @rule(index=INDEX, quality=st.sampled_from([QualityLevel.LOW, QualityLevel.SOURCE]))
    def subscribe(self, index: int, quality: QualityLevel) -> None:
        _, camera, connection = self.readers[index % len(self.readers)]
        self.call(camera.subscribe, connection, ANNOTATED, quality)

    @somebody_reads
    @rule(index=INDEX, view=st.sampled_from([View.RAW, View.BOTH]), is_low=st.booleans())
    def switch(self, index: int, view: View, is_low: bool) -> None:
        _, camera, connection = self.readers[index % len(self.readers)]
        quality = QualityLevel.LOW if is_low else QualityLevel.HIGH
        self.begin(self.viewers.switch(camera, connection, view, quality))

    @a_camera_runs
    @rule(index=INDEX)
    def snapshot(self, index: int) -> None:
        self.begin(self.camera(index).snapshot(timeout_s=3.0))

    @somebody_reads
    @rule(index=INDEX)
    def take(self, index: int) -> None:
        """A viewer that has been sent ``end`` leaves."""
        reader = self.readers[index % len(self.readers)][0]
        self.call(reader.take)
        if reader.over:
            self.leave(index)

    @somebody_reads
    @rule(index=INDEX)
    def leave(self, index: int) -> None:
        reader, _, _ = self.readers.pop(index % len(self.readers))
        self.call(reader.close)


def run_steps(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Races,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def races() -> Iterator[Races]:
    machine = Races()
    yield machine
    machine.teardown()


def test_a_removal_that_ends_late_leaves_the_next_camera_of_its_id_alone(races: Races) -> None:
    races.executor.delay_s = 2.0
    at_once = (0.0, True)
    races.add("yard", at_once, wait=True, replace=False, own=1)
    races.wait(1.0)
    first = races.manager.cameras["yard"]
    races.forget("yard")
    races.turn(1)
    races.add("yard", at_once, wait=True, replace=False, own=2)
    races.wait(8.0)
    assert races.manager.cameras["yard"] is not first
    assert [each.detector.name for each in running_services(races.threads)] == ["two"]


def test_a_shared_detector_that_is_named_is_not_run_twice(races: Races) -> None:
    for name, own in (("yard", None), ("gate", 0)):
        races.add(name, (0.0, True), wait=False, replace=False, own=own)
    races.turn(1)
    assert len(running_services(races.threads)) == 1


def test_a_replaced_camera_runs_until_the_next_one_is_open(races: Races) -> None:
    races.add("yard", (0.0, True), wait=True, replace=False, own=None)
    races.wait(1.0)
    first = races.manager.cameras["yard"]
    races.add("yard", (0.5, False), wait=True, replace=True, own=None)
    races.wait(1.0)
    assert isinstance(races.requests[-1].exception(), StreamlabError)
    assert races.manager.cameras["yard"] is first
    races.add("yard", (0.5, True), wait=True, replace=True, own=None)
    races.wait(1.0)
    assert races.manager.cameras["yard"] is not first
    assert first.end_reason == "camera_removed"


def test_a_camera_that_is_removed_leaves_nobody_waiting(races: Races) -> None:
    races.add("yard", (0.0, True), wait=True, replace=False, own=None)
    races.wait(1.0)
    camera = races.manager.cameras["yard"]
    races.join(0)
    _, _, connection = races.readers[0]
    races.switch(0, View.RAW, is_low=True)
    races.turn(1)
    races.remove("yard")
    races.turn(MAX_TURNS)
    switches = [races.requests[-2], races.begin(races.viewers.switch(camera, connection, View.RAW))]
    races.turn(MAX_TURNS)
    for each in switches:
        assert isinstance(each.exception(), UnknownCameraError)
    with pytest.raises(UnknownCameraError, match="'yard' was removed"):
        camera.inject(Faults(stall_ms=1))

    async def events() -> list[object]:
        return [event async for event in camera.events()]

    assert races.loop.run_until_complete(events()) == []


def test_whatever_the_order_nothing_is_lost_and_nothing_is_left() -> None:
    run_steps(examples=20, steps=30)


@pytest.mark.long
def test_ten_thousand_steps_lose_and_leave_nothing() -> None:
    run_steps(examples=200, steps=50)
