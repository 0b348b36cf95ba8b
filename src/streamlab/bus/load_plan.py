"""Which worker gets a camera, and which camera moves to another worker. No clock, no IO.

Rules:

- a new camera goes to the worker that uses the least CPU; what its newest cameras use is not known
  yet, and counts as the mean of all others;
- a camera moves if its worker has used more than ``BUSY_CORES`` and has been late for
  ``LATE_NS``, and another one has room: with the camera it would use less than ``ROOM_CORES``;
- one camera moves every ``MOVE_EVERY_NS`` at most, and the same one every ``STAY_NS`` at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streamlab.core.time.timebase import NS_PER_S

BUSY_CORES = 0.9
ROOM_CORES = 0.7
LATE_NS = 5 * NS_PER_S
MOVE_EVERY_NS = 10 * NS_PER_S
STAY_NS = 60 * NS_PER_S
UNKNOWN_COST_CORES = 0.04
"""Of one camera, until any was measured: 25 of them fill a core (``Where things run``)."""
_IN_TIME_NS = 5 * NS_PER_S // 2
"""Reports come every second: without new late frames for so long, a worker is in time."""


class CameraLoad(NamedTuple):
    """A camera of a worker."""

    number: int
    late_frames: int
    """Dropped, or released too late, since it was started."""
    is_measured: bool = True
    """It has run for long enough to show in the worker's ``cores``."""
    is_movable: bool = True


class WorkerLoad(NamedTuple):
    """What a worker does."""

    name: str
    cores: float
    """Cores used, mean of the last seconds."""
    cameras: Sequence[CameraLoad] = ()
    openings: int = 0
    """Sources that it opens for cameras to come."""


class Move(NamedTuple):
    """A camera is to go on in another worker."""

    camera: int
    from_worker: str
    to_worker: str


def mean_cost(loads: Sequence[WorkerLoad]) -> float:
    """Return how many cores a measured camera uses."""
    measured = [(load.cores, sum(each.is_measured for each in load.cameras)) for load in loads]
    count = sum(cameras for _, cameras in measured)
    if not count:
        return UNKNOWN_COST_CORES
    return sum(cores for cores, cameras in measured if cameras) / count


def expected_cores(load: WorkerLoad, cost: float) -> float:
    """Return how many cores a worker will use, with what is not measured yet."""
    unmeasured = sum(not each.is_measured for each in load.cameras) + load.openings
    is_measured = any(each.is_measured for each in load.cameras)
    return (load.cores if is_measured else 0.0) + unmeasured * cost


def least_loaded(loads: Sequence[WorkerLoad]) -> str:
    """Return the name of the worker that a new camera goes to; of equal ones, the emptiest."""
    cost = mean_cost(loads)
    return min(
        loads,
        key=lambda load: (expected_cores(load, cost), len(load.cameras) + load.openings),
    ).name


class LoadPlan:
    """Decides which camera moves."""

    def __init__(self) -> None:
        self._late: dict[str, tuple[int, int]] = {}  # by worker: since when, and when last
        self._late_frames: dict[int, int] = {}
        self._moved_ns: dict[int, int] = {}

    def receive_loads(self, loads: Sequence[WorkerLoad], now_ns: int) -> Move | None:
        """Take the loads of all workers; return the move to make now, if there is one."""
        self._note_late_workers(loads, now_ns)
        moved = self._moved_ns.items()
        self._moved_ns = {each: at_ns for each, at_ns in moved if now_ns - at_ns < STAY_NS}
        if any(now_ns - at_ns < MOVE_EVERY_NS for at_ns in self._moved_ns.values()):
            return None
        for load in sorted(loads, key=lambda each: -each.cores):
            move = self._move_from(load, loads, now_ns)
            if move is not None:
                self._moved_ns[move.camera] = now_ns
                return move
        return None

    def _note_late_workers(self, loads: Sequence[WorkerLoad], now_ns: int) -> None:
        before, self._late = self._late, {}
        for load in loads:
            since_ns, last_ns = before.get(load.name, (now_ns, now_ns - _IN_TIME_NS - 1))
            if load.cores <= BUSY_CORES:
                continue
            if now_ns - last_ns > _IN_TIME_NS:
                since_ns = now_ns
            if any(each.late_frames > self._frames_before(each) for each in load.cameras):
                last_ns = now_ns
            self._late[load.name] = since_ns, last_ns
        self._late_frames = {each.number: each.late_frames for x in loads for each in x.cameras}

    def _frames_before(self, camera: CameraLoad) -> int:
        return self._late_frames.get(camera.number, camera.late_frames)

    def _move_from(self, load: WorkerLoad, loads: Sequence[WorkerLoad], now_ns: int) -> Move | None:
        since_ns, last_ns = self._late.get(load.name, (now_ns, 0))
        if now_ns - last_ns > _IN_TIME_NS or now_ns - since_ns < LATE_NS or len(load.cameras) < 2:
            return None
        movable = [
            each.number
            for each in load.cameras
            if each.is_movable and each.is_measured and each.number not in self._moved_ns
        ]
        others = [each for each in loads if each is not load]
        if not movable or not others:
            return None
        cost = mean_cost(loads)
        target = min(others, key=lambda each: expected_cores(each, cost))
        if expected_cores(target, cost) + load.cores / len(load.cameras) >= ROOM_CORES:
            return None
        return Move(max(movable), load.name, target.name)  # the newest: others stay undisturbed
