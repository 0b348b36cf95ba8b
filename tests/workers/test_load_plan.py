"""Which worker gets a camera and which camera moves, on virtual time."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streamlab.bus.load_plan import (
    BUSY_CORES,
    LATE_NS,
    MOVE_EVERY_NS,
    ROOM_CORES,
    STAY_NS,
    CameraLoad,
    LoadPlan,
    Move,
    WorkerLoad,
    expected_cores,
    least_loaded,
    mean_cost,
)
from streamlab.core.time.timebase import NS_PER_S


def cameras(*numbers: int, late_frames: int = 0, is_measured: bool = True) -> list[CameraLoad]:
    return [CameraLoad(number, late_frames, is_measured) for number in numbers]


def plan_for(
    plan: LoadPlan, seconds: int, loads: Sequence[WorkerLoad], *, first_s: int = 0, late: str = "a"
) -> list[Move]:
    """Return the moves of so many seconds, in which cameras of the workers ``late`` are late."""
    moves = []
    for second in range(first_s, first_s + seconds):
        now = [
            load._replace(cameras=[each._replace(late_frames=second) for each in load.cameras])
            if load.name in late
            else load
            for load in loads
        ]
        moves.append(plan.receive_loads(now, second * NS_PER_S))
    return [move for move in moves if move is not None]


BUSY = [WorkerLoad("a", 1.0, cameras(1, 2, 3, 4)), WorkerLoad("b", 0.2, cameras(5))]


def test_a_new_camera_goes_to_the_least_cpu() -> None:
    a = WorkerLoad("a", 0.6, cameras(1, 2))
    b = WorkerLoad("b", 0.5, cameras(3, 4, 5))
    assert least_loaded([a, b]) == "b"
    # What was added to it since has not been measured, and counts: (0.6 + 0.5) / 5 each.
    b = b._replace(cameras=[*b.cameras, *cameras(6, is_measured=False)])
    assert least_loaded([a, b]) == "a"
    assert least_loaded([a._replace(openings=1), b]) == "b"


def test_of_equal_workers_the_emptiest_gets_the_camera() -> None:
    a, b = WorkerLoad("a", 0.5, cameras(1, 2)), WorkerLoad("b", 0.5, cameras(3))
    assert least_loaded([a, b]) == "b"
    # What a process uses while it starts is not that of cameras.
    assert least_loaded([WorkerLoad("a", 0.0, openings=1), WorkerLoad("b", 0.9)]) == "b"


def test_a_camera_leaves_a_worker_that_has_been_late_for_seconds() -> None:
    assert plan_for(LoadPlan(), 6, BUSY) == []
    assert plan_for(LoadPlan(), 7, BUSY) == [Move(4, "a", "b")]


def test_a_worker_that_is_busy_but_in_time_keeps_its_cameras() -> None:
    assert plan_for(LoadPlan(), 60, BUSY, late="") == []


def test_a_worker_that_is_late_but_not_busy_keeps_its_cameras() -> None:
    calm = [BUSY[0]._replace(cores=BUSY_CORES), BUSY[1]]
    assert plan_for(LoadPlan(), 60, calm) == []


def test_being_late_now_and_then_is_not_being_late_for_seconds() -> None:
    plan, frames = LoadPlan(), 0
    for second in range(60):
        frames += second % 4 == 0
        load = BUSY[0]._replace(cameras=cameras(1, 2, late_frames=frames))
        assert plan.receive_loads([load, BUSY[1]], second * NS_PER_S) is None


def test_a_worker_without_room_gets_no_camera() -> None:
    full = [BUSY[0], BUSY[1]._replace(cores=ROOM_CORES - 0.2)]
    assert plan_for(LoadPlan(), 60, full) == []


def test_the_only_camera_of_a_worker_stays() -> None:
    assert plan_for(LoadPlan(), 60, [WorkerLoad("a", 2.0, cameras(1)), WorkerLoad("b", 0.0)]) == []


def test_cameras_that_cannot_move_stay() -> None:
    stuck = [each._replace(is_movable=each.number == 2) for each in BUSY[0].cameras]
    moves = plan_for(LoadPlan(), 40, [BUSY[0]._replace(cameras=stuck), BUSY[1]])
    assert moves == [Move(2, "a", "b")]


def test_moves_are_seldom() -> None:
    moves = plan_for(LoadPlan(), 27, BUSY)
    assert [move.camera for move in moves] == [4, 3, 2]


DrawnLoads = list[tuple[float, list[CameraLoad], int]]
CAMERAS = st.builds(
    CameraLoad, st.integers(1, 12), st.integers(0, 99), st.booleans(), st.booleans()
)
LOADS = st.lists(
    st.tuples(st.floats(0.0, 2.0), st.lists(CAMERAS, max_size=6), st.integers(0, 2)),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(st.tuples(st.integers(1, 8 * NS_PER_S), LOADS), max_size=60)


def loads_of(drawn: DrawnLoads, step: int) -> list[WorkerLoad]:
    """Return loads in which each camera is at one worker, and more frames are late each time."""
    loads, seen = [], set[int]()
    for place, (cores, some, openings) in enumerate(drawn):
        mine = [each for each in some if not (each.number in seen or seen.add(each.number))]  # type: ignore[func-returns-value]
        late = [each._replace(late_frames=each.late_frames + 50 * step) for each in mine]
        loads.append(WorkerLoad(f"worker-{place}", cores, late, openings))
    return loads


@given(STEPS)
def test_no_move_breaks_a_rule(
    steps: list[tuple[int, DrawnLoads]],
) -> None:
    plan, now_ns, moved_ns = LoadPlan(), 0, dict[int, int]()
    for step, (elapsed_ns, drawn) in enumerate(steps):
        now_ns += elapsed_ns
        loads = loads_of(drawn, step)
        move = plan.receive_loads(loads, now_ns)
        if move is None:
            continue
        by_name = {load.name: load for load in loads}
        before, after = by_name[move.from_worker], by_name[move.to_worker]
        (camera,) = (each for each in before.cameras if each.number == move.camera)
        assert before is not after
        assert camera.is_movable
        assert before.cores > BUSY_CORES
        assert expected_cores(after, mean_cost(loads)) < ROOM_CORES
        assert all(now_ns - at_ns >= MOVE_EVERY_NS for at_ns in moved_ns.values())
        assert now_ns - moved_ns.get(move.camera, -STAY_NS) >= STAY_NS
        assert now_ns >= LATE_NS
        moved_ns[move.camera] = now_ns


@given(st.lists(st.floats(0.01, 0.4), min_size=2, max_size=20), st.integers(2, 4))
def test_cameras_do_not_go_back_and_forth(costs: list[float], count: int) -> None:
    """The loads follow the moves."""
    at = dict.fromkeys(range(len(costs)), 0)
    plan, moves = LoadPlan(), list[tuple[int, Move]]()
    for second in range(600):
        loads = []
        for place in range(count):
            mine = [number for number in at if at[number] == place]
            cores = sum(costs[number] for number in mine)
            late_frames = second if cores > BUSY_CORES else 0
            loads.append(WorkerLoad(str(place), cores, cameras(*mine, late_frames=late_frames)))
        move = plan.receive_loads(loads, second * NS_PER_S)
        if move is not None:
            assert at[move.camera] == int(move.from_worker)
            at[move.camera] = int(move.to_worker)
            moves.append((second, move))
    for second, move in moves:
        again = [at_s for at_s, other in moves if other.camera == move.camera and at_s > second]
        assert not again or again[0] >= second + STAY_NS // NS_PER_S
