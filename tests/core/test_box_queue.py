from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.sync.box_queue import BoxQueue, FrameBoxes

DEADLINE_NS = 250
Step = tuple[str, int]


def drain(queue: BoxQueue[str]) -> list[FrameBoxes[str]]:
    events = []
    while (event := queue.next_event()) is not None:
        events.append(event)
    return events


def make(max_frames: int = 8) -> BoxQueue[str]:
    return BoxQueue(deadline_ns=DEADLINE_NS, max_frames=max_frames)


def test_a_frame_waits_for_its_own_result() -> None:
    queue = make()
    queue.receive_frame(10, 0)
    assert drain(queue) == []
    queue.receive_detections(10, "ten")
    assert drain(queue) == [FrameBoxes(10, "ten", 10)]


def test_a_refused_frame_goes_with_the_newest_boxes() -> None:
    queue = make()
    for pts in (10, 20, 30):
        queue.receive_frame(pts, 0)
    queue.receive_refusal(20)
    assert drain(queue) == []
    queue.receive_detections(10, "ten")
    assert drain(queue) == [FrameBoxes(10, "ten", 10), FrameBoxes(20, "ten", 10)]
    assert queue.counts == {"fresh": 1, "stale_refused": 1}


def test_boxes_are_fresh_on_their_own_frame_only() -> None:
    assert FrameBoxes(10, "ten", 10).fresh
    assert not FrameBoxes(20, "ten", 10).fresh
    assert not FrameBoxes(10, None, None).fresh


def test_a_refusal_of_a_frame_that_has_left_changes_nothing() -> None:
    queue = make()
    queue.receive_frame(10, 0)
    queue.handle_timer(DEADLINE_NS)
    drain(queue)
    queue.receive_frame(20, 300)
    queue.receive_refusal(10)
    assert drain(queue) == []
    queue.receive_detections(20, "twenty")
    assert drain(queue) == [FrameBoxes(20, "twenty", 20)]


def test_a_frame_goes_at_its_deadline_and_a_late_result_still_serves_the_next() -> None:
    queue = make()
    queue.receive_frame(10, 0)
    queue.receive_frame(20, 100)
    assert queue.get_timer() == DEADLINE_NS
    queue.handle_timer(DEADLINE_NS)
    assert drain(queue) == [FrameBoxes(10, None, None, DEADLINE_NS)]
    queue.receive_detections(10, "ten")
    queue.receive_refusal(20)
    assert drain(queue) == [FrameBoxes(20, "ten", 10)]
    assert queue.counts["late_result"] == 1


def test_the_oldest_goes_when_too_many_wait() -> None:
    queue = make(max_frames=2)
    for pts in (10, 20, 30):
        queue.receive_frame(pts, 0)
    assert drain(queue) == [FrameBoxes(10, None, None)]
    assert queue.counts["stale_queue_full"] == 1


def test_a_shorter_deadline_holds_for_frames_that_wait_already() -> None:
    queue = make()
    for pts, now_ns in ((10, 0), (20, 90), (30, 100)):
        queue.receive_frame(pts, now_ns)
    queue.request_deadline(40, 130)
    assert drain(queue) == [FrameBoxes(10, None, None), FrameBoxes(20, None, None)]
    assert queue.get_timer() == 140
    assert queue.counts == {"stale_deadline": 2}


def test_a_longer_deadline_is_for_frames_to_come() -> None:
    queue = make()
    queue.receive_frame(10, 0)
    queue.request_deadline(1000, 1)
    queue.receive_frame(20, 1)
    queue.handle_timer(DEADLINE_NS)
    assert drain(queue) == [FrameBoxes(10, None, None, DEADLINE_NS)]
    assert queue.get_timer() == 1001


VERBS = ["frame", "frame", "result", "refusal", "wait", "deadline"]


@given(
    st.lists(
        st.tuples(st.sampled_from(VERBS), st.integers(0, 30)),
        max_size=120,
    ),
    st.integers(1, 10),
)
def test_frames_leave_in_order_once_and_never_with_boxes_of_the_future(
    steps: list[Step], max_frames: int
) -> None:
    queue, now_ns, came, left = make(max_frames), 0, list[int](), list[FrameBoxes[str]]()
    came_ns, patience_ns = dict[int, int](), dict[int, int]()
    for verb, number in steps:
        if verb == "frame":
            came_ns[len(came)], patience_ns[len(came)] = now_ns, queue.deadline_ns
            came.append(len(came))
            queue.receive_frame(came[-1], now_ns)
        elif verb == "deadline":
            patience_ns = {pts: min(ns, number * 20) for pts, ns in patience_ns.items()}
            queue.request_deadline(number * 20, now_ns)
        elif verb == "wait":
            now_ns += number * 10
            queue.handle_timer(now_ns)
        elif number < len(came):
            if verb == "result":
                queue.receive_detections(number, str(number))
            else:
                queue.receive_refusal(number)
        left += drain(queue)
        assert len(came) - len(left) <= max_frames
        waiting = came[len(left) :]
        due_ns = [came_ns[pts] + patience_ns[pts] for pts in waiting]
        assert queue.get_timer() == (due_ns[0] if waiting else None)
        assert due_ns == sorted(due_ns)
    queue.handle_timer(now_ns + 1000)
    left += drain(queue)
    assert [event.pts for event in left] == came
    for event in left:
        assert event.detections_pts is None or event.detections_pts <= event.pts
        assert event.detections is None or event.detections == str(event.detections_pts)
    outcomes = sum(n for cause, n in queue.counts.items() if cause != "late_result")
    assert outcomes == len(came)
    ages = [event.detections_pts or -1 for event in left]
    assert ages == sorted(ages)
