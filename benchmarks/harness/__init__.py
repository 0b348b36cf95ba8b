"""What the benchmark notebooks share: figures with goals, measurements in turn, plots, the report.

    from benchmarks.harness import Results, in_turn, plots, ratios

    results = Results("fanout", out, short=short)
    runs = in_turn(rounds, streamlab=measure_ours, nchan=measure_theirs)  # A B A B
    results.add("cpu_vs_nchan", ratios(runs["streamlab"], runs["nchan"]),
                goal=("at most", 1.0), gated=True, note="CPU per delivered event")
    results.table()  # the last line of a cell
    results.save()   # the last cell

`python -m benchmarks.harness --help` runs the notebooks, reports and checks.
"""

from benchmarks.harness import plots
from benchmarks.harness.figure import Figure
from benchmarks.harness.folders import NOTEBOOKS, ROOT
from benchmarks.harness.machine import describe_machine
from benchmarks.harness.results import Results
from benchmarks.harness.turns import in_turn, ratios

__all__ = [
    "NOTEBOOKS",
    "ROOT",
    "Figure",
    "Results",
    "describe_machine",
    "in_turn",
    "plots",
    "ratios",
]
