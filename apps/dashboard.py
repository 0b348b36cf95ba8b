"""The dashboard on cameras of its own: ``panel serve apps/dashboard.py``.

Cameras are named behind ``--args``, and without any there is a synthetic street::

    panel serve apps/dashboard.py --args door=door.mp4 yard=rtsp://10.0.0.7/stream1

Pictures come from a second port of this machine, on 127.0.0.1. To show the dashboard to others,
or through a runtime, start a server instead: it has the dashboard at ``/dashboard``, on one port.
"""

import sys

import panel as pn

from streamlab.dashboard.session import Session
from streamlab.lab.standalone import StandaloneCameras

host = pn.state.headers.get("Host", "localhost:5006")
own = pn.state.as_cached("cameras", lambda: StandaloneCameras(sys.argv[1:], f"http://{host}"))
Session(own.cameras, own.base_url).page().servable()
