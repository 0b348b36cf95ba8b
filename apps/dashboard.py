"""The dashboard on cameras of its own: ``panel serve apps/dashboard.py``.

Cameras and models are named behind ``--args``; without cameras there is a synthetic street::

    panel serve apps/dashboard.py --args door=door.mp4 yard=rtsp://10.0.0.7/stream1
    panel serve apps/dashboard.py --args door=door.mp4 --model yolov8n.onnx

``python apps/dashboard.py --help`` explains all of them.

Pictures come from a second port of this machine, on 127.0.0.1. To show the dashboard to others,
or through a runtime, start a server instead: it has the dashboard at ``/dashboard``, on one port.
"""

import sys
from collections.abc import Callable

import panel as pn

from streamlab.errors import StreamlabError
from streamlab.lab.standalone import StandaloneCameras, parser

text: Callable[[str], pn.pane.Str] = pn.pane.Str  # whose constructor has no types


def page() -> pn.viewable.ServableMixin:
    """Return the dashboard, or in words why there is none."""
    if "--help" in sys.argv[1:]:
        return text(parser().format_help())
    host = pn.state.headers.get("Host", "localhost:5006")
    try:
        own = pn.state.as_cached(
            "cameras", lambda: StandaloneCameras(sys.argv[1:], f"http://{host}")
        )
    except StreamlabError as error:
        return text(f"{error}\n{error.hint}")
    from streamlab.dashboard.session import Session  # noqa: PLC0415 - slow, and not for --help

    return Session(own.cameras, own.base_url).page()


if pn.state.served:
    page().servable()
else:
    parser().print_help()
