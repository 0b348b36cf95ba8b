"""Messages and descriptors without an event loop: whole, bounded, interrupted, never for ever."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

import pytest

from streamlab.processes.message_socket import MAX_DESCRIPTORS, MessageError, MessageSocket, frame
from streamlab.processes.message_stream import MessageStream

Pair = tuple[MessageSocket, MessageSocket]


@pytest.fixture
def pair() -> Pair:
    one, other = socket.socketpair()
    return MessageSocket(one, 1 << 20), MessageSocket(other, 1 << 20)


def close(*ends: MessageSocket) -> None:
    for end in ends:
        end.close()


def test_messages_arrive_whole_and_in_order(pair: Pair) -> None:
    sent = [b"", b"a", os.urandom(1 << 20), b"end"]
    sender = threading.Thread(target=lambda: list(map(pair[0].send, sent)))
    sender.start()
    assert [pair[1].receive(60.0) for _ in sent] == sent
    sender.join()
    close(*pair)


def test_a_descriptor_comes_with_its_message(pair: Pair) -> None:
    with open(os.devnull, "rb") as file:  # noqa: PTH123
        pair[0].send(b"without")
        pair[0].send(b"with", [file.fileno()])
        name = os.fstat(file.fileno()).st_rdev
    assert [pair[1].receive(60.0), pair[1].receive(60.0)] == [b"without", b"with"]
    descriptor = pair[1].take_descriptor()
    assert os.fstat(descriptor).st_rdev == name
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
    with pytest.raises(MessageError):
        pair[1].take_descriptor()
    close(*pair)


def test_descriptors_that_nobody_takes_are_bounded_and_closed(pair: Pair) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with pytest.raises(MessageError), open(os.devnull, "rb") as file:  # noqa: PTH123, PT012
        for _ in range(MAX_DESCRIPTORS + 1):
            pair[0].send(b"", [file.fileno()])
            pair[1].receive(60.0)
    close(*pair)
    assert len(os.listdir("/proc/self/fd")) == before - 2  # noqa: PTH208


def test_waiting_is_bounded_and_can_be_interrupted(pair: Pair) -> None:
    assert pair[1].receive_ready() is None
    for timeout_s in (0.0, 0.01):
        with pytest.raises(TimeoutError):
            pair[1].receive(timeout_s)
    threading.Timer(0.01, pair[1].interrupt).start()
    with pytest.raises(EOFError):
        pair[1].receive()
    close(*pair)


@pytest.mark.parametrize("data", [frame(bytes((1 << 20) + 1))[:8], b"\xff" * 9])
def test_a_message_beyond_the_bound_is_refused(data: bytes) -> None:
    one, other = socket.socketpair()
    messages = MessageSocket(other, 1 << 20)
    one.sendall(data)
    with pytest.raises(MessageError):
        messages.receive(60.0)
    one.close()
    messages.close()


def test_an_event_loop_passes_sockets() -> None:
    async def run() -> None:
        near, far = socket.socketpair()
        stream = await MessageStream.connect(near, lambda _: None)
        receiver = MessageSocket(far, 1 << 10)
        one, other = socket.socketpair()
        with one, other:
            stream.send(b"first")
            stream.send_socket(b"second", other)
        assert [receiver.receive(60.0), receiver.receive(60.0)] == [b"first", b"second"]
        with receiver.take_socket(b"") as passed:
            assert passed.recv(1) == b""  # its peer has been closed
        stream.close()
        receiver.close()

    asyncio.run(run())


def test_a_socket_is_not_passed_to_an_end_that_does_not_read() -> None:
    async def run() -> None:
        near, far = socket.socketpair()
        stream = await MessageStream.connect(near, lambda _: None)
        stream.send(bytes(1 << 22))
        with pytest.raises(BlockingIOError):
            stream.send_socket(b"", far)
        stream.abort()
        far.close()

    asyncio.run(run())
