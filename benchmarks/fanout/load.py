"""The readers' process, from the outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.fanout.readers import Count


class Load:
    """A process full of readers, all of which have got their first event."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._told, self._answers = process.stdin, process.stdout
        if self._answers.readline() != "ready\n":
            raise TimeoutError("the server does not serve all readers")

    def begin(self) -> None:
        """Count from now on."""
        print("begin", file=self._told, flush=True)

    def end(self) -> Count:
        """Return what was counted since ``begin``."""
        print("end", file=self._told, flush=True)
        return Count(**json.loads(self._answers.readline()))

    def count(self, seconds: float) -> Count:
        """Count for so long."""
        self.begin()
        time.sleep(seconds)
        return self.end()


@contextmanager
def counting(url: str, readers: int) -> Iterator[Load]:
    """Run so many readers of a stream. Raises TimeoutError when not all of them are served."""
    command = [sys.executable, "-m", "benchmarks.fanout.readers", url, str(readers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Load(process)
        process.communicate()
