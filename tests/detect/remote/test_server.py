"""One detector for many connections: batches, turns, and clients that break the rules."""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
import supervision as sv

from streamlab.detect.detector import DetectorKind
from streamlab.detect.remote.link import DetectorLink, LinkAnswer
from streamlab.detect.remote.memory import MemoryKind, OwnMemory
from streamlab.detect.remote.messages import (
    MAX_REQUEST_BYTES,
    Memory,
    PlacedPicture,
    Request,
    encode,
)
from streamlab.detect.remote.placing import TAIL_BYTES
from streamlab.detect.remote.server import DetectorServer
from streamlab.media.picture import Picture
from streamlab.processes.message_socket import MessageSocket, frame
from tests.detect.pictures import noise_picture
from tests.fakes.detector_orders import RAISE, REFUSE
from tests.fakes.detectors import FaultyDetector

from .running import PATIENCE_S, assert_equal, order_picture

MAX_PIXELS = 1 << 20
SIZE = 64 * 36 * 3 // 2 + TAIL_BYTES
PLACED = PlacedPicture(64, 36, 64, 0, 0, (1, 6, 6, 6))


class GatedDetector(FaultyDetector):
    """Waits at a gate with every batch, and notes the pts of what it was given."""

    def __init__(self, kind: DetectorKind = "plugin") -> None:
        super().__init__("gated")
        self.kind = kind
        self.batches: list[list[int]] = []
        self.arrived = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self.batches.append([picture.pts for picture in pictures])
        self.arrived.release()
        assert self.gate.acquire(timeout=PATIENCE_S)
        return super().detect(pictures)

    def let_go(self, batches: int = 1) -> None:
        self.gate.release(batches)


class Serving:
    """A server that runs, and threads that ask it."""

    def __init__(self, detector: FaultyDetector, max_batch: int = 4) -> None:
        self.server = DetectorServer(detector, max_batch=max_batch, max_pixels=MAX_PIXELS)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        self._askers = ThreadPoolExecutor(32)
        self._links: list[DetectorLink] = []

    def connect(self) -> socket.socket:
        near, far = socket.socketpair()
        self.server.add(far)
        return near

    def link(self, kind: MemoryKind = "memfd") -> DetectorLink:
        link = DetectorLink(self.connect(), kind, 4)
        self._links.append(link)
        return link

    def ask(self, link: DetectorLink, *pictures: Picture) -> Future[LinkAnswer]:
        return self._askers.submit(link.ask, pictures, time.monotonic() + PATIENCE_S)

    def wait_for(self, key: str, count: int) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while self.server.counts[key] < count and time.monotonic() < until_s:
            time.sleep(0.001)
        assert self.server.counts[key] == count

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests have been written to sockets."""
        until_s = time.monotonic() + PATIENCE_S
        while sum(link._is_waiting for link in self._links) < count and time.monotonic() < until_s:
            time.sleep(0.001)

    def close(self) -> None:
        self.server.stop()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        for link in self._links:
            link.close()
        self._askers.shutdown()


@pytest.fixture
def detector() -> GatedDetector:
    return GatedDetector()


@pytest.fixture
def gated(detector: GatedDetector) -> Iterator[Serving]:
    serving = Serving(detector)
    yield serving
    detector.let_go(1000)
    serving.close()


@pytest.fixture
def serving() -> Iterator[Serving]:
    serving = Serving(FaultyDetector())
    yield serving
    serving.close()


def picture_at(pts: int) -> Picture:
    picture = noise_picture(64, 36, seed=pts)
    picture.pts = pts
    return picture


def occupy(serving: Serving, detector: GatedDetector) -> None:
    """Give the detector something to do, so that what comes now has to wait."""
    serving.ask(serving.link(), picture_at(0))
    assert detector.arrived.acquire(timeout=PATIENCE_S)


def test_requests_of_several_clients_make_a_batch(gated: Serving, detector: GatedDetector) -> None:
    occupy(gated, detector)
    first, second = gated.link("memfd"), gated.link("named")
    one = gated.ask(first, picture_at(1))
    two = gated.ask(second, picture_at(2), picture_at(3))
    gated.wait_for_requests(3)
    detector.let_go(2)
    found = [one.result(PATIENCE_S).detections, two.result(PATIENCE_S).detections]
    assert sorted(detector.batches[1]) == [1, 2, 3]
    assert {int(each.data["batch"][0]) for own in found for each in own} == {3}
    for own, numbers in zip(found, ((1,), (2, 3)), strict=True):
        expected = FaultyDetector().detect([picture_at(number) for number in numbers])
        for each in expected:
            each.data["batch"] = np.full(len(each), 3)
        assert_equal(own, expected)


def test_who_has_waited_longest_goes_first() -> None:
    detector = GatedDetector()
    serving = Serving(detector, max_batch=1)
    occupy(serving, detector)
    links = {pts: serving.link() for pts in (1, 2, 3)}
    asked = {pts: serving.ask(link, picture_at(pts)) for pts, link in links.items()}
    serving.wait_for_requests(4)
    detector.let_go(2)
    for _ in range(2):
        assert detector.arrived.acquire(timeout=PATIENCE_S)
    first = detector.batches[1][0]
    asked.pop(first).result(PATIENCE_S)
    again = serving.ask(links[first], picture_at(first))
    serving.wait_for_requests(3)
    detector.let_go(3)
    for each in (*asked.values(), again):
        assert each.result(PATIENCE_S).error is None
    assert sorted(pts for (pts,) in detector.batches[1:4]) == [1, 2, 3]
    assert detector.batches[4] == [first]
    serving.close()


def test_a_function_gets_one_picture_at_a_time() -> None:
    detector = GatedDetector("callable")
    detector.let_go(100)
    serving = Serving(detector)
    answer = serving.ask(serving.link(), picture_at(1), picture_at(2)).result(PATIENCE_S)
    assert len(answer.detections) == 2
    assert detector.batches == [[1], [2]]
    serving.close()


def test_a_picture_that_fails_costs_nobody_else(gated: Serving, detector: GatedDetector) -> None:
    occupy(gated, detector)
    good = gated.ask(gated.link(), picture_at(1))
    bad = [gated.ask(gated.link(), order_picture(order)) for order in (RAISE, REFUSE)]
    gated.wait_for_requests(4)
    detector.let_go(5)
    assert good.result(PATIENCE_S).error is None
    assert bad[0].result(PATIENCE_S).error == "ValueError: cannot see"
    assert bad[1].result(PATIENCE_S)[1:3] == ("the model is tired", "Let it rest.")
    assert gated.server.batches.counts["batches_split"] == 1
    assert gated.server.batches.counts["failed"] == 2


class StrangeDetector(FaultyDetector):
    def __init__(self, answer: object) -> None:
        super().__init__("strange")
        self._answer = answer

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned NoneType, not a list of 1"),
        ([], "returned 0 results"),
        (["boxes"], "returned str of 5, not supervision.Detections"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("\ud800" + "x" * 9999), "ValueError: "),
    ],
)
def test_whatever_a_detector_returns_the_client_is_told(
    answer: object, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1)  # workers of pytest cannot report a lone surrogate
    serving = Serving(StrangeDetector(answer))
    told = serving.ask(serving.link(), picture_at(1)).result(PATIENCE_S).error
    assert told is not None
    assert words in told
    serving.close()


def hostile_messages(number: int) -> bytes:
    """Return bytes that a client should not send."""
    chance = random.Random(number)
    good = bytearray(encode(Request(1, [PLACED], Memory(SIZE, ""))))
    if number % 3 == 0:
        return chance.randbytes(chance.randrange(1, 3000))
    if number % 3 == 1:
        return frame(chance.randbytes(chance.randrange(1, 300)))
    for _ in range(chance.randrange(1, 5)):
        good[chance.randrange(len(good))] = chance.randrange(256)
    return frame(bytes(good))


def test_random_bytes_harm_only_their_client(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    link = serving.link()
    for number in range(300):
        with serving.connect() as end:
            end.sendall(hostile_messages(number))
    answer = serving.ask(link, picture_at(1)).result(PATIENCE_S)
    assert len(answer.detections) == 1
    serving.wait_for("connections", 301)


def unsealed() -> int:
    descriptor = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, SIZE)
    return descriptor


def sealed(size: int) -> int:
    memory = OwnMemory(size, "memfd")
    assert memory.descriptor is not None
    return os.dup(memory.descriptor)


BAD_REQUESTS = {
    "no memory": (Request(1, [PLACED]), None),
    "no descriptor": (Request(1, [PLACED], Memory(SIZE, "")), None),
    "memory that could shrink": (Request(1, [PLACED], Memory(SIZE, "")), unsealed),
    "a file": (Request(1, [PLACED], Memory(SIZE, "")), lambda: os.open(__file__, os.O_RDONLY)),
    "less memory": (Request(1, [PLACED], Memory(SIZE, "")), lambda: sealed(SIZE - 4096)),
    "an empty memory": (Request(1, [PLACED], Memory(0, "")), lambda: sealed(4096)),
    "a huge memory": (Request(1, [PLACED], Memory(1 << 39, "")), lambda: sealed(1 << 39)),
    "a name of nothing": (Request(1, [PLACED], Memory(SIZE, "psm_00")), None),
    "a path": (Request(1, [PLACED], Memory(SIZE, "../../etc/passwd")), None),
    "an offset outside": (
        Request(1, [PlacedPicture(64, 36, 64, 64, 0, (1, 6, 6, 6))], Memory(SIZE, "")),
        lambda: sealed(SIZE),
    ),
    "too many pixels": (
        Request(1, [PlacedPicture(2048, 1024, 2048, 0, 0, (1, 6, 6, 6))], Memory(1 << 22, "")),
        lambda: sealed(1 << 22),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_request_that_is_wrong_ends_its_connection(serving: Serving, case: str) -> None:
    request, opened = BAD_REQUESTS[case]
    link = serving.link()
    messages = MessageSocket(serving.connect(), 1 << 20)
    descriptor = None if opened is None else opened()
    messages.send(encode(request), () if descriptor is None else (descriptor,))
    with pytest.raises((EOFError, ConnectionError)):
        messages.receive(PATIENCE_S)
    assert serving.server.counts["connections_broken"] == 1
    if descriptor is not None:
        os.close(descriptor)
    messages.close()
    assert serving.ask(link, picture_at(1)).result(PATIENCE_S).error is None


def test_an_oversized_message_ends_its_connection(serving: Serving) -> None:
    messages = MessageSocket(serving.connect(), 1 << 20)
    messages.send(bytes(MAX_REQUEST_BYTES + 1))
    with pytest.raises((EOFError, ConnectionError)):
        messages.receive(PATIENCE_S)
    messages.close()


def test_half_a_message_keeps_nobody_waiting(serving: Serving) -> None:
    with serving.connect() as end:
        end.sendall(frame(bytes(100))[:50])
        serving.wait_for("connections", 1)
        assert serving.ask(serving.link(), picture_at(1)).result(PATIENCE_S).error is None


def test_a_client_that_takes_no_answers_keeps_nobody_waiting(serving: Serving) -> None:
    deaf = MessageSocket(serving.connect(), 1 << 20)
    large = PlacedPicture(1024, 512, 1024, 0, 0, (1, 6, 6, 6))
    memory = OwnMemory(1 << 21, "memfd")
    memory.pixels[:] = np.arange(1 << 21) % 251  # its masks fill the socket
    assert memory.descriptor is not None
    deaf.send(encode(Request(1, [large] * 4, Memory(1 << 21, ""))), [memory.descriptor])
    for number in range(2, 6):  # ahead of its answers
        deaf.send(encode(Request(number, [large])))
    link = serving.link()
    for pts in range(5):
        assert serving.ask(link, picture_at(pts)).result(PATIENCE_S).error is None
    assert len(deaf.receive(PATIENCE_S)) > 1 << 18
    deaf.close()
    memory.close()
    assert serving.ask(link, picture_at(9)).result(PATIENCE_S).error is None


def test_a_detector_that_writes_into_its_pictures_stays_alive(serving: Serving) -> None:
    answer = serving.ask(serving.link(), order_picture(8)).result(PATIENCE_S)
    assert answer.error is None


def test_a_server_that_has_stopped_takes_nobody() -> None:
    serving = Serving(FaultyDetector())
    serving.close()
    with serving.connect() as end:
        assert end.recv(1) == b""
    assert serving.server.counts["connections_refused"] == 1
