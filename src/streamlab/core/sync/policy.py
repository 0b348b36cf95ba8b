"""The sync policies that settings and requests accept: one line for each."""

from __future__ import annotations

from streamlab.core.sync.policies.deadline import Deadline
from streamlab.core.sync.policies.hold import Hold
from streamlab.core.sync.policies.hybrid import Hybrid
from streamlab.core.sync.policies.none import NoWaiting
from streamlab.core.sync.policies.pair import Pair
from streamlab.core.sync.rule import Policy


class SyncPolicy(Policy):
    """How an annotated channel is kept synchronized with raw."""

    NONE = "none", NoWaiting()
    HOLD = "hold", Hold()
    PAIR = "pair", Pair()
    DEADLINE = "deadline", Deadline()
    HYBRID = "hybrid", Hybrid()
