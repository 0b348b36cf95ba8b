"""Says how much of the parsers the inputs of a run reach; `python -m tests.fuzz.covered FOLDER`.

Each target parses again what fuzzing has kept for it, while coverage.py counts branches.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MODULES = (
    "address.py", "client/bounds.py", "client/events.py", "client/mp4.py", "client/problems.py",
    "config/file.py", "core/h264/access_unit.py", "core/h264/bits.py", "core/h264/nal.py",
    "core/h264/parameter_sets.py", "core/h264/sps.py", "core/mp4/display_matrix.py",
    "detect/onnx_metadata.py", "detect/text.py", "media/local_files.py", "media/references.py",
    "media/spec.py", "media/udp.py", "protocol/parse.py",
    "street/parameters.py",
)  # fmt: skip
LIMIT_S = 600


def coverage_table(folder: Path) -> str:
    """Return a line for each module: statements and branches that the inputs of a run reach."""
    report = folder / "coverage.json"
    command = [sys.executable, "-m", "tests.fuzz.covered", str(folder), str(report)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    files = json.loads(report.read_text())["files"]
    found = {module: files[path]["summary"] for module in MODULES for path in files
             if path.endswith(f"streamlab/{module}")}  # fmt: skip
    lines = [_line(module, summary) for module, summary in found.items()]
    keys = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    total = {key: sum(each[key] for each in found.values()) for key in keys}
    heading = f"{'parser':32}{'statements':>12}{'branches':>12}"
    return "\n".join([heading, *lines, _line("all", total)])


def _line(module: str, summary: dict[str, int]) -> str:
    statements = summary["covered_lines"], summary["num_statements"]
    branches = summary["covered_branches"], summary["num_branches"]
    return f"{module:32}{_share(*statements):>12}{_share(*branches):>12}"


def _share(covered: int, count: int) -> str:
    return f"{100 * covered / count:.0f} %" if count else "-"


def _replay(folder: Path, report: Path) -> None:
    import coverage

    counting = coverage.Coverage(
        data_file=None, branch=True, source_pkgs=["streamlab"], config_file=False
    )
    counting.start()
    from tests.fuzz.parsers import TARGETS  # imported late: importing runs code, too

    for name, target in TARGETS.items():
        for path in sorted((folder / name).glob("*")):
            target.run(path.read_bytes())
    counting.stop()
    counting.json_report(outfile=str(report))


if __name__ == "__main__":
    _replay(Path(sys.argv[1]), Path(sys.argv[2]))
