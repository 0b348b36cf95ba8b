"""The report of a run: `results.json`, a page for each notebook, and a page that sums them up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert import HTMLExporter

from benchmarks.harness.figure import Figure
from benchmarks.harness.machine import describe_machine, machine_line
from benchmarks.harness.results import figures_table
from benchmarks.harness.run import Ran

TEMPLATE = Path(__file__).with_name("report.html.jinja")
PAGE = "index.html"
NO_SCRIPTS: dict[str, Any] = {"mathjax_url": "", "require_js_url": "", "jquery_url": ""}


def write_results(ran: Sequence[Ran], out: Path, *, short: bool) -> dict[str, Any]:
    """Write `results.json`; return what is in it."""
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "short": short,
        "machine": describe_machine(),
        "notebooks": {one.name: one.to_json() for one in ran},
    }
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    return results


def write_pages(results: dict[str, Any], out: Path) -> Path:
    """Write the pages of a run whose executed notebooks are in ``out``; return the first one."""
    sections = [
        _section(name, one, _page_of(name, out)) for name, one in results["notebooks"].items()
    ]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text())
    page = out / PAGE
    page.write_text(
        template.render(
            at=results["at"],
            short=results["short"],
            machine=machine_line(results["machine"]),
            versions=results["machine"]["versions"],
            sections=sections,
        )
    )
    return page


def _section(name: str, one: dict[str, Any], pictures: list[str]) -> dict[str, Any]:
    table = figures_table([Figure.from_json(kept) for kept in one["figures"]]).reset_index()
    rows = table.to_dict("records")
    verdicts = [row[""] for row in rows]
    return {
        "name": name,
        "seconds": one["seconds"],
        "failure": one["failure"],
        "rows": rows,
        "met": verdicts.count("met"),
        "missed": verdicts.count("missed"),
        "pictures": pictures,
    }


def _page_of(name: str, out: Path) -> list[str]:
    """Convert an executed notebook to a page of its own; return its pictures, PNG in base64."""
    executed = out / f"{name}.ipynb"
    if not executed.exists():
        return []
    notebook = nbformat.read(executed, as_version=4)
    exporter = HTMLExporter(**NO_SCRIPTS)  # type: ignore[no-untyped-call]
    (out / f"{name}.html").write_text(exporter.from_notebook_node(notebook)[0])
    return [
        output.data["image/png"].strip()
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
