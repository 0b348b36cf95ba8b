"""`python -m benchmarks.harness`: runs the benchmark notebooks, and checks what they measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.harness.check import Finding, Verdict, check, load_expected
from benchmarks.harness.folders import EXPECTED, NOTEBOOKS, OUT
from benchmarks.harness.keep import keep_outputs
from benchmarks.harness.report import write_pages, write_results
from benchmarks.harness.run import Ran, notebook_names, run_notebook

EXIT_BAD, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(highlight=False, soft_wrap=True)

Names = Annotated[
    list[str] | None, typer.Argument(help="Notebooks by name; all of them without.", metavar="NAME")
]
Out = Annotated[Path, typer.Option(help="Where everything goes; an earlier run is overwritten.")]


@app.command()
def run(
    names: Names = None,
    short: Annotated[bool, typer.Option("--short", help="The short version, minutes.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the outputs in the notebooks themselves, too.")
    ] = False,
    out: Out = OUT,
    notebooks: Annotated[Path, typer.Option(help="Where the notebooks are.")] = NOTEBOOKS,
) -> None:
    """Run notebooks; write executed notebooks, an HTML report and results.json.

    Exits with 1 when a notebook failed; the others run all the same.
    """
    there = notebook_names(notebooks)
    if unknown := set(names or []) - set(there):
        console.print(f"no notebook {', '.join(sorted(unknown))}; there are {', '.join(there)}")
        raise typer.Exit(EXIT_USAGE)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    ran: list[Ran] = []
    try:
        for name in names or there:
            ran.append(run_notebook(name, out, short=short, folder=notebooks))
            _tell(ran[-1])
            if keep and not ran[-1].failure:
                keep_outputs(out / f"{name}.ipynb", notebooks / f"{name}.ipynb")
    except KeyboardInterrupt:
        console.print("interrupted; nothing is reported")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    page = write_pages(write_results(ran, out, short=short), out)
    console.print(f"[dim]report:[/dim] {page}", soft_wrap=True)
    if any(one.failure for one in ran):
        raise typer.Exit(EXIT_BAD)


@app.command(name="check")
def check_run(
    names: Names = None,
    out: Out = OUT,
    expected: Annotated[Path, typer.Option(help="What is expected.")] = EXPECTED,
) -> None:
    """Say what got worse since expected.toml was written, and exit with 1 if anything did."""
    path = out / "results.json"
    if not path.exists():
        console.print(f"there is no {path}; run the benchmarks first")
        raise typer.Exit(EXIT_USAGE)
    results = json.loads(path.read_text())
    findings = list(check(results, load_expected(expected), set(names or [])))
    bad = [finding for finding in findings if finding.verdict.bad]
    for finding in findings:
        _tell_finding(finding)
    console.print(f"{len(findings) - len(bad)} of {len(findings)} figures hold")
    if bad:
        raise typer.Exit(EXIT_BAD)


def _tell(one: Ran) -> None:
    missed = [figure["name"] for figure in one.figures if figure["met"] is False]
    words = f"{len(one.figures)} figures"
    if missed:
        words += f", [yellow]{len(missed)} missed their goal: {', '.join(missed)}[/yellow]"
    if one.failure:
        words = "[bold red]failed[/bold red]"
    console.print(f"{one.name:<12} {one.seconds:4.0f} s  {words}")
    if one.failure:
        console.print(one.failure, markup=False)


def _tell_finding(finding: Finding) -> None:
    style = (
        "red" if finding.verdict.bad else "green" if finding.verdict is Verdict.BETTER else "dim"
    )
    console.print(f"{finding.figure} {finding.words}", style=style, markup=False)


if __name__ == "__main__":
    app()
