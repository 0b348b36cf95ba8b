"""Probes media in a process of its own: one line of JSON in, one out, for each file.

Asked ``{"path": ..., "as_json": ...}``, it runs what ``streamlab probe`` runs and answers
``{"outcome": ..., "peak_bytes": ...}``. It ends with a traceback at an error that the command line
would not show as a sentence.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import resource
import sys

import typer

from streamlab.cli.probe import probe
from streamlab.cli.terminal import EXIT_USAGE

MAX_ADDRESS_BYTES = 16 << 30
"""Guards the machine; how much a probe may take is for the one who asks to say."""
OPEN_S = 2.0


def outcome_of(path: str, *, as_json: bool) -> str:
    """Run the command on a file; return ``read`` or ``refused``."""
    exit_code, shown = 0, io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            probe(path, as_json=as_json, timeout=OPEN_S)
        except typer.Exit as done:
            exit_code = done.exit_code
    assert exit_code in (0, EXIT_USAGE), f"exit code {exit_code}"
    if as_json:
        json.loads(shown.getvalue())
    return "refused" if exit_code else "read"


def main() -> None:
    """Answer until the input ends."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        asked = json.loads(line)
        outcome = outcome_of(asked["path"], as_json=asked["as_json"])
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"outcome": outcome, "peak_bytes": peak_bytes}), flush=True)


if __name__ == "__main__":
    main()
