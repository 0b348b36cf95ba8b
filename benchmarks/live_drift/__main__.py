"""Measures the drift of a live camera from the bytes that a client of its own is sent.

Starts a server, watches both channels of a camera, and stamps in a process of its own when the
last byte of every event was read. A frame is known by the `tfdt` of its `moof`; on a synthetic
camera both pictures are decoded, and the truth strip must show the number of that very frame.
With `--faults` the detector is made slow, stalled and killed while it runs; with `--stages` the
server records a trace meanwhile (which costs it some memory), and the time of each step is told.

    python -m benchmarks.live_drift [--seconds 600] [--faults] [--json FILE]
    python -m benchmarks.live_drift --source door.mp4 --model yolov8n.onnx
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import httpx

from benchmarks.live_drift.faults import FaultRun, measure_raw_ready
from benchmarks.live_drift.figures import Figures, figures, worst
from benchmarks.live_drift.ledger import Ledger
from benchmarks.live_drift.report import print_progress, print_report
from benchmarks.live_drift.stages import TraceRequest, stages, warm_up
from benchmarks.measure.process import ProcessMeter
from benchmarks.measure.reader import Reader
from benchmarks.measure.server import Server, serve

CAMERA_ID = "camera"
STREAM = f"/streams/sse/{CAMERA_ID}/dual?initial_channel=both"
POLL_S = 10.0
SERVER_WINDOW_S = 300.0  # the longest that the server keeps
NICENESS = 10  # the observer decodes when the server, started before, has nothing to do
WORST_FRAMES = 5


def main() -> int:
    """Return 1 when something that must hold under faults has not held."""
    options = _options()
    arguments = ["--camera", f"{CAMERA_ID}={options.source}", "--model", options.model]
    with serve(*arguments, "--threads", str(options.threads)) as server:
        os.nice(NICENESS)
        run = Run(server, Ledger(strip=options.source.startswith("synthetic:")))
        try:
            run.watch(options.seconds, faults=options.faults, traced=options.stages)
        except KeyboardInterrupt:
            print("\nstopped; this is what there is")
        found = {"source": options.source, "model": options.model, **run.figures()}
    print_report(found)
    print(json.dumps(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    checks = found.get("faults", {}).get("checks", [])
    return int(not all(check["ok"] for check in checks))


class Run:
    """One measurement of a running server."""

    def __init__(self, server: Server, ledger: Ledger) -> None:
        self.server = server
        self.ledger = ledger
        self.process = ProcessMeter(server.process.pid)
        self.faults: FaultRun | None = None
        self.trace: TraceRequest | None = None
        self.longest_added_ms = 0.0
        self._next_poll_s = POLL_S

    def watch(self, seconds: float, *, faults: bool, traced: bool) -> None:
        """Take what arrives for this long."""
        if traced:
            warm_up(self.server, CAMERA_ID)
        if faults:
            raw_ready_ms = measure_raw_ready(self.server, CAMERA_ID, STREAM)
            self.faults = FaultRun(self._inject, seconds, raw_ready_ms)
        with Reader(self.server.port, STREAM) as reader:
            if traced:
                self.trace = TraceRequest(self.server, CAMERA_ID, seconds)
            for arrival in reader.arrivals():
                if arrival is not None:
                    self.ledger.receive(arrival)
                now_s = self.ledger.seconds(time.monotonic_ns())
                self._advance(now_s)
                if now_s >= seconds:
                    return

    def figures(self) -> Figures:
        """Return all that was found."""
        process, ledger, server = self.process, self.ledger, self._poll(SERVER_WINDOW_S)
        told = ("policy", "sync_violations", "corrections", "added_latency_ms", "frames")
        found = {
            "seconds": round(ledger.seconds(time.monotonic_ns()), 1),
            "tolerance_ms": ledger.tolerance_ms,
            **figures(ledger),
            "worst": worst(ledger, WORST_FRAMES),
            "server": {name: server[name] for name in (*told, "pipeline")},
            "process": {
                "cores": round(process.cores, 3),
                "rss_start_mb": round(process.rss_mb[0], 1),
                "rss_end_mb": round(process.rss_mb[-1], 1),
                "rss_slope_mb_a_minute": round(process.rss_slope(), 3),
                "load": round(os.getloadavg()[1], 2),
            },
        }
        found["server"]["added_latency_ms"]["max"] = self.longest_added_ms
        if self.trace is not None:
            try:
                found["stages"] = stages(self.trace.table(), ledger)
            except httpx.HTTPError as error:
                print(f"the server gave no trace, so no stages are told: {error}")
        if self.faults is not None:
            found["faults"] = self.faults.report(found, ledger)
        return found

    def _advance(self, now_s: float) -> None:
        self.process.sample()
        if self.faults is not None:
            self.faults.advance(now_s)
        if now_s >= self._next_poll_s:
            self._next_poll_s += POLL_S
            self._poll(POLL_S)
            print_progress(now_s, figures(self.ledger), self.process)

    def _poll(self, window_s: float) -> Figures:
        answer = self.server.get(f"/streams/sse/{CAMERA_ID}/sync-stats", window_s=window_s)
        longest_ms = answer["added_latency_ms"]["max"] or 0.0
        self.longest_added_ms = max(self.longest_added_ms, longest_ms)
        return answer

    def _inject(self, faults: dict[str, object]) -> None:
        self.server.patch(f"/cameras/{CAMERA_ID}", {"faults": faults})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live_drift", description=__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--source", default="synthetic://traffic")
    parser.add_argument("--model", default="street", help="`street`, or a file")
    parser.add_argument("--threads", type=int, default=1, help="of the model")
    parser.add_argument("--faults", action="store_true", help="jitter, stalls, a dead detector")
    parser.add_argument("--stages", action="store_true", help="say where the time goes")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
