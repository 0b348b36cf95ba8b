"""Are the boxes on the objects of the picture that is shown, under each policy on each trace?

The shipped detector runs once on every frame of the synthetic street. Its real detections then go,
through the code that carries boxes live, onto the frames as each simulated policy had it. Beside
the as-shown accuracy stands its ratio to that of a detector whose every frame waits for its own
result; the goal of `hybrid` is 0.95. Seconds past 180 give the stalls, one a minute, their share.

    python benchmarks/as_shown.py [--seconds 190] [--cache FOLDER] [--workers 2]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from streamlab.analysis import own_accuracy, street_detections, sweep
from streamlab.faults import PRESETS
from streamlab.street.scene import Street

FIVE = list(PRESETS)[:5]
FPS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=190.0, help="of video per trace")
    parser.add_argument("--seed", type=int, default=1, help="of the street and of the traces")
    parser.add_argument("--traces", nargs="+", choices=PRESETS, default=FIVE)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where detections are kept"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes")
    asked = parser.parse_args()
    video = street_detections(
        Street(seed=asked.seed), range(round(asked.seconds * FPS)), cache=asked.cache
    )
    runs = sweep(
        asked.traces, seeds=[asked.seed], seconds=asked.seconds, video=video, workers=asked.workers
    )
    table = Table(
        "trace", "policy", "as shown", "ratio", "fresh", "added ms", "violate", "lost",
        title=f"{asked.seconds:.0f} s at {FPS} fps; "
        f"accuracy when every frame waits: {own_accuracy(video).mean():.3f}",
    )  # fmt: skip
    for trace, own in runs.groupby("trace", sort=False):
        for run in own.to_dict("records"):
            table.add_row(
                str(trace),
                run["policy"],
                f"{run['as_shown']:.3f}",
                f"{run['as_shown_ratio']:.3f}",
                f"{run['fresh']:.1%}",
                f"{run['latency_mean_ms']:.1f}",
                f"{run['violations']:.2%}",
                f"{run['lost']:.2%}",
            )
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
