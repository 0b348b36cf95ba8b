"""The real server, which also says which of its threads is which.

    python -m benchmarks.scale.server serve --camera NAME=SOURCE ...

Takes the arguments of `streamlab`. A line on standard input is answered by a line of JSON: the
names of its threads by their id in /proc/PID/task (an operating system's thread has no name of
Python's before Python 3.14).
"""

from __future__ import annotations

import json
import sys
import threading

from streamlab.cli import app


def tell_threads() -> None:
    for _ in sys.stdin:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        print(json.dumps(names), flush=True)


if __name__ == "__main__":
    threading.Thread(target=tell_threads, name="tell-threads", daemon=True).start()
    app()
