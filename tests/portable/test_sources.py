"""The sources use nothing of Linux unguarded: it would be noticed only on another system."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portable.linux_only import ATTRIBUTES, LOOP_METHODS, MODULES

ROOT = Path(__file__).parents[2]
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "apps").rglob("*.py"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# They are about what differs between systems, and are tested for each.
PLATFORM_MODULES = {
    "src/streamlab/cores.py",
    "src/streamlab/media/webcam.py",
    "src/streamlab/processes/memory.py",
}
FOLDERS = ("/dev/", "/proc/", "/sys/", "/tmp/", "/run/", "/etc/")
CAUGHT = {"AttributeError", "ImportError", "ModuleNotFoundError", "NotImplementedError"}


def linux_only(source: str) -> Iterator[str]:
    """Yield what would fail on another system, with its line."""
    yield from _search(ast.parse(source), "")


def _search(node: ast.AST, guards: str) -> Iterator[str]:
    """Search below a node; ``guards`` is the text of the conditions that it stands under."""
    if isinstance(node, ast.If | ast.IfExp):
        guards += ast.unparse(node.test)
    if isinstance(node, ast.Try):
        guards += " ".join(f"except {_name(handler.type)}" for handler in node.handlers)
    for name in _named_by(node):
        if name.rpartition(".")[2] not in guards and not _is_caught(guards):
            yield f"{name}, line {getattr(node, 'lineno', 0)}"
    for child in ast.iter_child_nodes(node):
        yield from _search(child, guards)


def _named_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.attr in ATTRIBUTES.get(node.value.id, ()):
            yield f"{node.value.id}.{node.attr}"
        elif node.attr in LOOP_METHODS:
            yield node.attr
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in MODULES)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from [node.module] if node.module in MODULES else []
        names = {alias.name for alias in node.names} & set(ATTRIBUTES.get(node.module, ()))
        yield from sorted(f"{node.module}.{name}" for name in names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from [node.value] if node.value.startswith(FOLDERS) else []


def _is_caught(guards: str) -> bool:
    return any(f"except {name}" in guards for name in CAUGHT)


def _name(node: ast.AST | None) -> str:
    return ast.unparse(node) if node is not None else ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_runs_everywhere(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() not in PLATFORM_MODULES:
        assert list(linux_only(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_everywhere(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    found = [name for source in code for name in linux_only(_without_magics(source))]
    # Shown as an example of what cannot be opened.
    assert [name for name in found if not name.startswith("/dev/video0")] == []


def _without_magics(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("%"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.fork()", "os.fork, line 2"),
        ("len(os.sched_getaffinity(0))", "os.sched_getaffinity, line 1"),
        ("from signal import SIGHUP, SIGINT", "signal.SIGHUP, line 1"),
        ("socket.TCP_USER_TIMEOUT", "socket.TCP_USER_TIMEOUT, line 1"),
        ("import fcntl", "fcntl, line 1"),
        ("import uvloop as loop", "uvloop, line 1"),
        ("loop.add_signal_handler(2, stop)", "add_signal_handler, line 1"),
        ("Path('/proc/self/stat')", "/proc/self/stat, line 1"),
        ("if hasattr(os, 'nice'):\n    os.fork()", "os.fork, line 2"),
        ("try:\n    os.fork()\nexcept OSError:\n    pass", "os.fork, line 2"),
    ],
)
def test_it_is_found(source: str, found: str) -> None:
    assert list(linux_only(source)) == [found]


@pytest.mark.parametrize(
    "source",
    [
        "import os, signal\nos.getpid(), signal.SIGINT, signal.SIGTERM",
        "if hasattr(os, 'fork'):\n    os.fork()",
        "n = os.nice(1) if hasattr(os, 'nice') else 0",
        "getattr(socket, 'TCP_USER_TIMEOUT', None)",
        "try:\n    import uvloop\nexcept ImportError:\n    uvloop = None",
        "try:\n    loop.add_signal_handler(2, f)\nexcept NotImplementedError:\n    pass",
    ],
)
def test_what_is_guarded_is_not(source: str) -> None:
    assert list(linux_only(source)) == []
