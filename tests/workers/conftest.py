from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.installing import install_module

CRASHING = """
import ctypes
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path
import av
from streamlab.core.time.timebase import frame_pts
from streamlab.media.source import SourceFrame, SourceInfo

ORDER = Path({order!r})
ORDERS = {{
    "crash": lambda: ctypes.string_at(0),
    "hang": partial(ctypes.PyDLL(None).sleep, 600),  # and keep the interpreter
    "behave": lambda: None,
    "refuse": lambda: None,
}}


class Source:
    extradata, reorders = None, False
    info = SourceInfo("test", 160, 90, Fraction(20), live=False)

    def __init__(self, spec, timeout_s):
        if ORDER.read_text() == "refuse":
            raise OSError("it is read by somebody else")
        if spec.address.endswith("/opening"):
            ORDERS[ORDER.read_text()]()

    def frames(self):
        for number in count():
            if number == 9:
                order = ORDERS[ORDER.read_text()]
            if number == 10:
                order()
            frame = av.VideoFrame(160, 90, "yuv420p")
            yield SourceFrame(frame, frame_pts(number, self.info.fps), keyframe=False)

    def stop(self):
        pass

    close = stop
"""


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that says what sources of the kind ``broken`` do (``ORDERS``).

    With ``broken://NAME/opening`` they do it while they are opened, too.
    """
    order = tmp_path / "order"
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    code = CRASHING.format(order=str(order))
    install_module(site, code, {"streamlab.sources": {"broken": "broken_module:Source"}})
    return order
