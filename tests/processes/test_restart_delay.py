from __future__ import annotations

from streamlab.processes.restart_delay import NS_PER_S, RestartDelay


def test_delays_grow_to_a_bound_and_begin_anew_after_calm() -> None:
    delay = RestartDelay(first_s=0.1, longest_s=30.0, calm_s=60.0)
    now_ns = 0
    delays = []
    for _ in range(12):
        delay.receive_start(now_ns)
        now_ns += 59 * NS_PER_S
        delays.append(delay.receive_failure(now_ns))
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-3:] == [30.0] * 3
    delay.receive_start(now_ns)
    assert delay.receive_failure(now_ns + 60 * NS_PER_S) == 0.1
    assert delay.receive_failure(now_ns + 600 * NS_PER_S) == 0.2, "it did not work meanwhile"
