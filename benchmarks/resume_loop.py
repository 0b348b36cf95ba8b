"""A client that is killed and started again, for minutes: what it misses, and what it is told.

The client is a process of its own. It is killed (SIGKILL) at any moment, and the next one goes on
with ``Last-Event-ID``. How long it was away is known from the server's own stamps: from the last
fragment's ``released_at`` to ``connected``'s ``server_time``. The ring holds at least one GOP, so a
shorter absence must leave no hole; it holds at most two, so a longer one must be told (``gap``).

    python -m benchmarks.resume_loop [--seconds 300]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.fanout.servers import streamlab

FPS, EVENT_BYTES, GOP_S = 10, 20_000, 1.0
MARGIN_S = 0.2  # a fragment may be on its way when the client is killed
SHORT_S, LONG_S = (0.0, 0.7), (2.5, 3.5)
SHARE_LONG = 0.2

# Prints a line for each event that was received whole, without the picture; quick to start.
CLIENT = """
import json, socket, sys
host, port, path, last = sys.argv[1:]
client = socket.create_connection((host, int(port)))
asked = f"GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\n"
asked += f"Last-Event-ID: {last}\\r\\n" if last else ""
client.sendall(asked.encode() + b"\\r\\n")
name = event_id = ""
for line in client.makefile("r", newline="\\n"):
    field, _, value = line.rstrip("\\n").partition(": ")
    if field == "event":
        name = value
    elif field == "id":
        event_id = value
    elif field == "data":
        members = {key: member for key, member in json.loads(value).items() if key != "data"}
        print(name, event_id, json.dumps(members), sep="\\t", flush=True)
"""


@dataclass(slots=True)
class Log:
    """What all the clients got, one after another."""

    sequence: int = 0
    event_id: str = ""
    released_s: float = 0.0
    absences: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def receive(self, lines: list[str]) -> None:
        """Take the events of one life of the client; the first is ``connected``."""
        events = [line.split("\t") for line in lines]
        if not events:
            return
        away_s = json.loads(events[0][2])["server_time"] - self.released_s
        gap: dict[str, object] | None = None
        first = True
        for name, event_id, text in events:
            data = json.loads(text)
            if name == "gap":
                gap = data
            elif name == "fragment":
                if self.sequence and first:
                    self._judge(away_s, gap, data)
                elif self.sequence and data["sequence"] != self.sequence + 1:
                    self.faults.append(f"{data['sequence']} after {self.sequence}, while connected")
                first = False
                self.event_id, self.sequence = event_id, data["sequence"]
                self.released_s = data["released_at"]

    def _judge(self, away_s: float, gap: dict[str, object] | None, data: dict[str, object]) -> None:
        follows = data["sequence"] == self.sequence + 1
        told = gap is not None and (gap["from_sequence"], gap["to_sequence"]) == (
            self.sequence + 1,
            int(str(data["sequence"])) - 1,
        )
        kind = "short" if away_s < GOP_S - MARGIN_S else "between"
        kind = "long" if away_s > 2 * GOP_S + MARGIN_S else kind
        outcome = "gap" if told and data["keyframe"] else "no hole" if follows else "hole"
        self.absences[f"{kind}: {outcome}"] += 1
        wanted = {"short": ("no hole",), "long": ("gap",)}.get(kind, ("no hole", "gap"))
        if outcome not in wanted or (follows and gap is not None):
            self.faults.append(f"away {away_s:.2f} s ({kind}): {outcome}, {gap}")


def live(url: str, log: Log, seconds: float) -> None:
    """Run a client for so long, kill it, and read what it had got."""
    host, port, path = url.removeprefix("http://").replace("/", ":/", 1).split(":", 2)
    command = [sys.executable, "-SEc", CLIENT, host, port, path, log.event_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        first = client.stdout.readline()  # it is there
        time.sleep(seconds)
        client.kill()
        rest = client.stdout.read()
    *whole, _ = (first + rest).split("\n")
    log.receive(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    log = Log()
    with streamlab(FPS, EVENT_BYTES, gop_s=GOP_S) as server:
        until_s = time.monotonic() + options.seconds
        while time.monotonic() < until_s:
            live(server.url, log, chance.uniform(0.1, 1.5))
            time.sleep(chance.uniform(*(LONG_S if chance.random() < SHARE_LONG else SHORT_S)))
    table = Table("absence: what followed", "times", box=None, padding=(0, 2, 0, 0))
    for name, count in sorted(log.absences.items()):
        table.add_row(name, str(count))
    Console(width=100).print(table)
    print("\n".join(log.faults[:10]) or "as the protocol says, every time")


if __name__ == "__main__":
    main()
