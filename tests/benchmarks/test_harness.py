"""The benchmarks' harness: figures, the check's words and exit codes, notebooks that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from benchmarks.harness import NOTEBOOKS, Figure, Results, in_turn, plots, ratios
from benchmarks.harness.__main__ import app
from benchmarks.harness.check import Expectation, Verdict, check, load_expected
from benchmarks.harness.figure import written
from benchmarks.harness.folders import EXPECTED
from benchmarks.harness.keep import keep_outputs
from benchmarks.harness.run import run_notebook
from typer.testing import CliRunner

ENTRY = {"expected": 0.5, "worse_by": "20 %", "better": "lower"}


def results_of(figure: Figure | None, *, short: bool = False, failure: str = "") -> dict[str, Any]:
    figures = [] if figure is None else [figure.to_json()]
    return {
        "short": short,
        "machine": {"versions": {"here": "1"}},
        "notebooks": {"demo": {"seconds": 1.0, "failure": failure, "figures": figures}},
    }


def judged(
    value: float | None, entry: dict[str, Any], *, short: bool = False, failure: str = ""
) -> tuple[Verdict, str]:
    figure = None if value is None else Figure("cpu", (value,), gated=True)
    results = results_of(figure, short=short, failure=failure)
    (finding,) = check(results, {"demo.cpu": entry})
    return finding.verdict, finding.words


# -- figures ------------------------------------------------------------------------------------


def test_the_median_is_compared_with_the_goal() -> None:
    assert Figure("cpu", (0.9, 1.0, 9.0), goal=("at most", 1.0)).met
    assert not Figure("cpu", (0.9, 1.1, 9.0), goal=("at most", 1.0)).met
    assert Figure("fps", (1.0, 3.0, 3.0), goal=("at least", 3.0)).met
    assert Figure("fps", (1.0,)).met is None


@pytest.mark.parametrize("samples", [(), (float("nan"),), (1.0, float("inf"))])
def test_no_figure_without_numbers(samples: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="cpu has"):
        Figure("cpu", samples)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    results = Results("demo", tmp_path, short=True)
    added = results.add("cpu", [1, 2, 4], goal=("at most", 3), gated=True, note="why")
    results.add("one", 12.5, unit="ms")
    results.save()
    saved = json.loads((tmp_path / "demo.json").read_text())
    assert (saved["notebook"], saved["short"], len(saved["figures"])) == ("demo", True, 2)
    assert Figure.from_json(saved["figures"][0]) == added
    assert saved["figures"][0] | {"median": 2, "min": 1, "max": 4, "n": 3} == saved["figures"][0]
    assert {"cpu", "cores", "memory_gb", "versions"} <= saved["machine"].keys()


def test_a_name_is_given_once(tmp_path: Path) -> None:
    results = Results("demo", tmp_path, short=True)
    results.add("cpu", 1.0)
    with pytest.raises(ValueError, match="already"):
        results.add("cpu", 1.0)


def test_the_table_says_whether_goals_were_met(tmp_path: Path) -> None:
    results = Results("demo", tmp_path, short=True)
    results.add("cpu", [1, 2, 3], goal=("at most", 1.5))
    results.add("wait", 3.0, unit="ms", goal=("at most", 5))
    table = results.table()
    assert list(table.loc["cpu"]) == ["2", "1 to 3, n = 3", "at most 1.5", "missed", ""]
    assert list(table.loc["wait"])[:4] == ["3 ms", "one sample", "at most 5 ms", "met"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.8412, "1.84"), (0.02134, "0.0213"), (1250, "1,250"), (100.0, "100"), (-2, "-2")],
)
def test_numbers_are_written_with_the_digits_that_count(value: float, text: str) -> None:
    assert written(value) == text


def test_ways_are_measured_in_turn() -> None:
    order: list[str] = []
    measured = in_turn(2, a=lambda: order.append("a"), b=lambda: order.append("b"))
    assert order == ["a", "b", "a", "b"]
    assert {name: len(values) for name, values in measured.items()} == {"a": 2, "b": 2}
    assert ratios([1.0, 4.0], [2.0, 2.0]) == [0.5, 2.0]


def test_a_plot_is_a_picture_of_its_own() -> None:
    samples = {"streamlab": [1.0, 2.0], "other": [3.0]}
    for plot in (
        plots.compare(samples, unit="ms", goal=2.0),
        plots.distributions(samples, unit="ms", limits={"other": 5.0}),
        plots.cumulative(samples, unit="ms", limit=2.0),
    ):
        assert plot._repr_png_().startswith(b"\x89PNG")


# -- the check ----------------------------------------------------------------------------------


def test_within_what_is_allowed() -> None:
    assert judged(0.59, ENTRY)[0] is Verdict.AS_EXPECTED


def test_what_got_worse_is_said_with_numbers() -> None:
    verdict, words = judged(0.75, ENTRY)
    assert verdict is Verdict.WORSE
    assert words == "got worse by 50%: 0.75 where 0.5 is expected and 0.6 allowed"


def test_higher_may_be_better() -> None:
    entry = {"expected": 2.0, "worse_by": 0.5, "better": "higher"}
    assert judged(1.4, entry)[0] is Verdict.WORSE
    assert judged(1.6, entry)[0] is Verdict.AS_EXPECTED
    assert judged(2.6, entry)[0] is Verdict.BETTER


def test_from_nothing_the_difference_is_said_in_its_unit() -> None:
    verdict, words = judged(3.0, {"expected": 0, "worse_by": 1, "better": "lower"})
    assert verdict is Verdict.WORSE
    assert words.startswith("got worse by 3: ")


def test_the_short_version_has_expectations_of_its_own() -> None:
    entry = ENTRY | {"short": {"worse_by": "100 %"}}
    assert judged(0.9, entry)[0] is Verdict.WORSE
    assert judged(0.9, entry, short=True)[0] is Verdict.AS_EXPECTED


def test_a_missing_figure_is_told_with_the_reason() -> None:
    assert judged(None, ENTRY) == (
        Verdict.MISSING,
        "is missing: its notebook ran without measuring it",
    )
    assert "failed: cell 3" in judged(None, ENTRY, failure="cell 3\nmore")[1]
    (finding,) = check(results_of(None), {"other.cpu": ENTRY})
    assert finding.words == "is missing: its notebook was not run"


def test_what_cannot_be_measured_here_is_not_asked_for() -> None:
    assert judged(None, ENTRY | {"short": False}, short=True)[0] is Verdict.NOT_ASKED
    assert judged(None, ENTRY | {"needs": "no-such-program"})[0] is Verdict.NOT_ASKED
    assert judged(None, ENTRY | {"needs": "here"})[0] is Verdict.MISSING


def test_a_gated_figure_needs_an_entry() -> None:
    (finding,) = check(results_of(Figure("cpu", (1.0,), gated=True)), {})
    assert finding.verdict is Verdict.UNEXPECTED


def test_what_is_expected_can_be_read() -> None:
    for name, entry in load_expected(EXPECTED).items():
        notebook, _, _ = name.partition(".")
        assert (NOTEBOOKS / f"{notebook}.ipynb").exists(), name
        expectation = Expectation.of(entry, short=entry.get("short") is not False)
        assert expectation.allowed > 0, name


@pytest.mark.parametrize(("value", "code"), [(0.5, 0), (0.9, 1)])
def test_the_exit_code_says_whether_all_hold(tmp_path: Path, value: float, code: int) -> None:
    results = results_of(Figure("cpu", (value,), gated=True))
    (tmp_path / "results.json").write_text(json.dumps(results))
    expected = tmp_path / "expected.toml"
    expected.write_text('[demo.cpu]\nexpected = 0.5\nworse_by = "20 %"\nbetter = "lower"\n')
    answer = CliRunner().invoke(app, ["check", "--out", str(tmp_path), "--expected", str(expected)])
    assert answer.exit_code == code
    assert ("got worse by 80%" in answer.output) is bool(code)


def test_a_check_without_a_run_says_so(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["check", "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "run the benchmarks first" in answer.output


# -- notebooks ----------------------------------------------------------------------------------


def write_notebook(folder: Path, name: str, *sources: str) -> None:
    parameters = nbformat.v4.new_code_cell(
        'short = True\nout = "benchmarks/out"', metadata={"tags": ["parameters"]}
    )
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[parameters, *cells], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own making
def test_a_notebook_that_fails_names_its_cell_and_the_others_run(tmp_path: Path) -> None:
    saved = 'Results("good", out, short=short)\nresults.add("cpu", 1.0)\nresults.save()'
    write_notebook(tmp_path, "bad", "1 / 0")
    write_notebook(tmp_path, "good", f"from benchmarks.harness import Results\nresults = {saved}")
    out = tmp_path / "out"
    answer = CliRunner().invoke(
        app, ["run", "--short", "--out", str(out), "--notebooks", str(tmp_path)]
    )
    assert answer.exit_code == 1
    assert "with ZeroDivisionError: division by zero" in answer.output
    results = json.loads((out / "results.json").read_text())
    assert results["notebooks"]["good"]["figures"][0]["name"] == "cpu"
    assert "ZeroDivisionError" in results["notebooks"]["bad"]["failure"]
    page = (out / "index.html").read_text()
    assert "ZeroDivisionError" in page
    assert (out / "good.html").exists()
    keep_outputs(out / "good.ipynb", tmp_path / "kept.ipynb")
    kept = (tmp_path / "kept.ipynb").read_text()
    assert "papermill" not in kept
    assert "injected" not in kept


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_that_saves_nothing_failed(tmp_path: Path) -> None:
    write_notebook(tmp_path, "idle", "pass")
    ran = run_notebook("idle", tmp_path, short=True, folder=tmp_path)
    assert ran.failure == "it never called Results.save()"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_committed_notebooks_can_be_run_by_anyone(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    (parameters,) = [
        cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    ]
    assert parameters.source == 'short = True\nout = "benchmarks/out"'
    text = path.read_text()
    assert str(NOTEBOOKS.parent) not in text
    assert "/tmp/" not in text
    assert not [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
