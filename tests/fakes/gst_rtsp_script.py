"""An RTSP camera at `/cam`, run by the system's Python: `gst_rtsp_script.py PORT FPS`.

Prints `ready` once it listens, and ends when its standard input is closed.
"""

from __future__ import annotations

import sys
import threading

KEYFRAME_EVERY_FRAMES = 30


def launch_line(fps: int) -> str:
    """Return the pipeline: a moving ball as H.264 without B-frames."""
    return (
        f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,"
        f"framerate={fps}/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
        f"bitrate=800 key-int-max={KEYFRAME_EVERY_FRAMES} ! video/x-h264,profile=baseline ! "
        f"rtph264pay name=pay0 pt=96 config-interval=1 )"
    )


def main(port: str, fps: str) -> None:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch_line(int(fps)))
    factory.set_shared(True)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        raise SystemExit(f"cannot listen on port {port}")
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
