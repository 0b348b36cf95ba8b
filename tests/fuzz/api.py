"""Runs schemathesis on the API that a real server describes, states included."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.fakes.streamlab_process import StreamlabProcess
from tests.fuzz.figures import Figures
from tests.fuzz.processes import run_part
from tests.fuzz.stopping import stopping
from tests.fuzz.witness import HEADERS, READY, TOKEN

NAME = "api (schemathesis)"
CAMERAS = (
    "street=synthetic://traffic?width=160&height=90&fps=10",
    "yard=synthetic://traffic?width=160&height=90&fps=10&seed=2",
)
REQUEST_S = 30
GRACE_S = 120.0
PHASES = {"examples,coverage,fuzzing": 0.6, "stateful": 0.4}
"""Shares of the time; a state is followed along the links of the description."""
MAX_PRINTED_CHARS = 20_000
TROUBLE = ("Traceback (most recent call last)", "Fatal Python error")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIGURATION = Path(__file__).parents[2] / "schemathesis.toml"


def fuzz_api(seconds: int, folder: Path) -> Figures:
    """Try what the served description allows, and what it forbids; print what fails."""
    log, cameras = folder / "api.log", [part for each in CAMERAS for part in ("--camera", each)]
    began_s, inputs, wrong = time.monotonic(), 0, []
    with StreamlabProcess(
        log,
        *(*cameras, "--model", "truth"),
        tokens=TOKEN,
        ready_path=READY,
        open_timeout=10,
        max_cameras=8,
        max_cameras_per_minute=1_000_000,
        heartbeat_interval=1,  # /events sends nothing else when nothing happens
    ) as server:
        for phases, share in PHASES.items():
            found = _try_phases(server.url, phases, max(1, round(share * seconds)), folder)
            inputs += found.get("test_cases", {}).get("generated", 0)
            if found.get("exit_code", 1):
                wrong.append(f"{phases}: {len(found.get('failures', ()))} failures, printed above")
        ended = server.process.poll()
    took_s = time.monotonic() - began_s
    if stopping.is_set():
        return Figures(NAME, inputs, took_s, "interrupted")
    wrong += [] if ended is None else [f"the server ended with {ended}"]
    wrong += [f"in its log: {line}" for line in _trouble(log)]
    verdict = "; ".join(wrong) or f"held: {', '.join(PHASES)}"
    return Figures(NAME, inputs, took_s, verdict, bool(wrong))


def _try_phases(url: str, phases: str, seconds: int, folder: Path) -> dict[str, Any]:
    """Run schemathesis and return its report; print what it says if something fails."""
    report = folder / f"{phases}.json"
    command: list[str | Path] = [
        *(SCHEMATHESIS, "--config-file", CONFIGURATION, "run", f"{url}/openapi.json"),
        *("-H", f"Authorization: {HEADERS['Authorization']}", "--max-time", str(seconds)),
        *("--phases", phases, "--request-timeout", str(REQUEST_S), "--report", "json"),
        *("--report-json-path", report, "--generation-database", "none", "--no-color"),
    ]
    done = run_part(command, seconds + GRACE_S, folder)  # it leaves files behind
    if done.returncode and not stopping.is_set():
        print(done.stdout[-MAX_PRINTED_CHARS:], done.stderr[-MAX_PRINTED_CHARS:], sep="\n")
    return dict(json.loads(report.read_text())) if report.is_file() else {}


def _trouble(log: Path) -> list[str]:
    text = log.read_text("utf-8", "replace")
    after = [text.partition(each)[2] for each in TROUBLE if each in text]
    for each in after:
        print(each[:4000])
    errors = [[line for line in each.splitlines() if line[:1].strip()] for each in after]
    return [lines[0] if lines else "the end of it" for lines in errors]
