"""How others keep two channels together, and the limits of waiting, on the same traces as ours.

One file per rule, each from its published description. All are given the same ``Arrivals`` (when
both pictures of a frame are ready to leave) and return the ``Outcome`` that a replay of our own
policies returns, so that every figure comes from the same code.
"""

from collections.abc import Callable

from benchmarks.baselines.approximate_time import approximate_pairs
from benchmarks.baselines.arrivals import Arrivals
from benchmarks.baselines.clairvoyant import clairvoyant_hold
from benchmarks.baselines.fixed_delay import best_fixed_delay
from benchmarks.baselines.gvastreammux import stream_mux
from benchmarks.baselines.webrtc import webrtc_hold
from streamlab.analysis import Outcome

BASELINES: dict[str, Callable[[Arrivals], Outcome]] = {
    "clairvoyant hold": clairvoyant_hold,
    "best fixed delay": best_fixed_delay,
    "WebRTC": webrtc_hold,
    "gvastreammux": stream_mux,
    "ApproximateTime": approximate_pairs,
}

__all__ = [
    "BASELINES",
    "Arrivals",
    "approximate_pairs",
    "best_fixed_delay",
    "clairvoyant_hold",
    "stream_mux",
    "webrtc_hold",
]
