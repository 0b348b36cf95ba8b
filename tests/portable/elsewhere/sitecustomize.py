"""Python as on another system: what only Linux or POSIX has is gone, as `linux_only` lists it.

Python imports this module at its start when its folder is on PYTHONPATH. The standard library's own
modules that need POSIX here are imported first: on Windows they would not need it.
"""

import asyncio
import ctypes.util  # noqa: F401
import importlib
import mimetypes
import multiprocessing.popen_spawn_posix
import multiprocessing.resource_tracker  # noqa: F401
import os
import platform
import signal
import socketserver  # noqa: F401
import ssl  # noqa: F401
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
import uuid  # noqa: F401
import webbrowser  # noqa: F401
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.portable.linux_only import LOOP_METHODS, MODULES, TAKEN_AWAY

FOLDERS = ("/proc", "/sys")


class Missing(MetaPathFinder):
    """Finds nothing where another system has nothing."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """Raise for a module that only POSIX has."""
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r} on this system", name=name)
        return None


def refuse(*_: object, **__: object) -> None:
    """Answer as an event loop of Windows does."""
    raise NotImplementedError


def refuse_linux_files(event: str, arguments: tuple[object, ...]) -> None:
    """Raise for a file of Linux."""
    if event == "open" and str(arguments[0]).startswith(FOLDERS):
        raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))


def leave_linux() -> None:
    """Take away what the lists name."""
    platform.uname()  # the standard library keeps what it finds, and Windows has another way
    for module_name, names in TAKEN_AWAY.items():
        module = importlib.import_module(module_name)
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    if hasattr(os, "process_cpu_count"):  # Python 3.13 defines it so where there is no affinity
        os.process_cpu_count = os.cpu_count
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Missing())
    for name in LOOP_METHODS:
        setattr(asyncio.SelectorEventLoop, name, refuse)
    mimetypes.add_type("text/plain", ".js")  # as the registry of many a Windows machine has it
    sys.addaudithook(refuse_linux_files)


leave_linux()
assert not hasattr(signal, "SIGHUP")
