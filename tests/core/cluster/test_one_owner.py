"""Workers, a broker and a network that loses, delays and reorders: never two owners.

The workers' clocks run at different rates and from different starts, workers stop and go on, and
the broker restarts; each step is chosen by hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streamlab.core.cluster.fence import EpochFence
from streamlab.core.cluster.lease import (
    MARGIN_NS,
    TTL_NS,
    Acquired,
    Create,
    Delete,
    Lease,
    Lost,
    Update,
)
from streamlab.core.time.timebase import NS_PER_MS

WORKERS = st.integers(0, 2)
FATES = st.sampled_from(("at once", "at once", "answered late", "late", "lost"))
PICKS = st.integers(0, 5)
MAX_RATE = 1 + MARGIN_NS / (2 * TTL_NS)


@dataclass
class Broker:
    """One key, which is forgotten ``TTL_NS`` after it was written."""

    revision: int = 0
    held: int | None = None  # the revision of the key, if there is one
    written_ns: int = 0

    def handle(self, event: Create | Update | Delete, now_ns: int) -> int | None:
        """Return the revision of a write, or None if it is refused."""
        if self.held is not None and now_ns >= self.written_ns + TTL_NS:
            self.held = None
        expected = None if isinstance(event, Create) else event.revision
        if self.held != expected:
            return None
        self.revision += 1
        self.held = None if isinstance(event, Delete) else self.revision
        self.written_ns = now_ns
        return self.revision


@dataclass
class Node:
    """A worker: its lease, and a clock that starts anywhere and runs at its own rate."""

    start_ns: int
    rate: float
    lease: Lease = field(default_factory=Lease)

    def clock_ns(self, now_ns: int) -> int:
        return self.start_ns + int(now_ns * self.rate)


@dataclass
class Message:
    node: Node
    event: Create | Update | Delete
    revision: int | None = None


class OneOwner(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        rates = (1.0, MAX_RATE, 1 / MAX_RATE)
        self.nodes = [Node(start, rate) for start, rate in zip((0, 10**15, 7), rates, strict=True)]
        self.broker = Broker()
        self.requests: list[Message] = []
        self.answers: list[Message] = []
        self.published: list[int] = []
        self.epochs: list[int] = []
        self.fence = EpochFence()
        self.delivered: list[int] = []

    def take_events(self, node: Node, fate: str) -> None:
        while (event := node.lease.next_event()) is not None:
            if isinstance(event, Acquired):
                self.epochs.append(event.epoch)
            elif not isinstance(event, Lost):
                self.send(Message(node, event), fate)

    def send(self, message: Message, fate: str) -> None:
        """Deliver a request at once, or later, or never; so its answer."""
        if fate == "late":
            self.requests.append(message)
        elif fate != "lost":
            message.revision = self.broker.handle(message.event, self.now_ns)
            if fate == "at once":
                self.receive(message)
            else:
                self.answers.append(message)

    @rule(span_ms=st.sampled_from((1, 90, 300, 600, 1500, 1900, 2100)))
    def wait(self, span_ms: int) -> None:
        self.now_ns += span_ms * NS_PER_MS

    @rule(worker=WORKERS, wants=st.booleans(), fate=FATES)
    def run_worker(self, worker: int, *, wants: bool, fate: str) -> None:
        """Run a worker's timer; one whose timer does not run is stopped."""
        node = self.nodes[worker]
        now_ns = node.clock_ns(self.now_ns)
        node.lease.handle_timer(now_ns)
        if wants:
            node.lease.request_ownership(now_ns)
        self.take_events(node, fate)

    @rule(worker=WORKERS, fate=FATES)
    def hand_over(self, worker: int, fate: str) -> None:
        node = self.nodes[worker]
        node.lease.request_release(node.clock_ns(self.now_ns))
        self.take_events(node, fate)

    @rule(pick=PICKS)
    def deliver_request(self, pick: int) -> None:
        """Deliver any request that is on its way: they may overtake one another."""
        if pick < len(self.requests):
            self.send(self.requests.pop(pick), "answered late")

    @rule(pick=PICKS)
    def deliver_answer(self, pick: int) -> None:
        if pick < len(self.answers):
            self.receive(self.answers.pop(pick))

    def receive(self, message: Message) -> None:
        lease, now_ns = message.node.lease, message.node.clock_ns(self.now_ns)
        if isinstance(message.event, Delete):
            return
        if message.revision is None:
            lease.receive_refusal(message.event.request)
        else:
            lease.receive_written(message.event.request, message.revision, now_ns)
        self.take_events(message.node, "answered late")

    @rule()
    def restart_broker(self) -> None:
        """Lose what is on its way; the bucket is in a file."""
        self.requests.clear()
        self.answers.clear()

    @rule(worker=WORKERS)
    def publish(self, worker: int) -> None:
        node = self.nodes[worker]
        if node.lease.holds(node.clock_ns(self.now_ns)):
            self.published.append(node.lease.epoch)

    @rule(pick=PICKS)
    def deliver_fragment(self, pick: int) -> None:
        """Deliver any fragment that is on its way."""
        if pick >= len(self.published):
            return
        epoch = self.published.pop(pick)
        if self.fence.lets_through(epoch):
            self.delivered.append(epoch)

    @invariant()
    def there_is_at_most_one_owner(self) -> None:
        owners = [n for n in self.nodes if n.lease.holds(n.clock_ns(self.now_ns))]
        assert len(owners) <= 1

    @invariant()
    def later_owners_have_larger_epochs(self) -> None:
        assert self.epochs == sorted(set(self.epochs))

    @invariant()
    def nothing_older_follows_a_newer_owner(self) -> None:
        assert self.delivered == sorted(self.delivered)


OneOwner.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestOneOwner = OneOwner.TestCase


@given(st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_long_histories(random: Random) -> None:
    """Walk much further than the state machine does, with workers that mostly run."""
    machine = OneOwner()
    fates = ("at once",) * 6 + ("answered late", "late", "lost")
    for _ in range(300):
        worker, fate, pick = random.randrange(3), random.choice(fates), random.randrange(4)
        match random.randrange(20):
            case 0:
                machine.hand_over(worker, fate)
            case 1:
                machine.restart_broker()
            case 2 | 3 | 4:
                machine.wait(random.choice((1, 90, 300, 600, 1500, 1900, 2100)))
            case 5 | 6:
                machine.deliver_request(pick)
            case 7 | 8:
                machine.deliver_answer(pick)
            case 9 | 10:
                machine.publish(worker)
            case 11 | 12:
                machine.deliver_fragment(pick)
            case _:
                machine.run_worker(worker, wants=True, fate=fate)
        machine.there_is_at_most_one_owner()
        machine.later_owners_have_larger_epochs()
        machine.nothing_older_follows_a_newer_owner()
