"""An RTSP camera at `/cam`, run by the system's Python: `gst_rtsp_script.py PORT FPS OPTION...`.

`udp` sends RTP over UDP only and answers 461 to whoever asks for TCP. `digest` lets in only the
user `admin` with the password `secret`.

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


def main(port: str, fps: str, *options: str) -> None:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    gi.require_version("GstRtsp", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch_line(int(fps)))
    # Shared media aborts gst-rtsp-server 1.22 when one client leaves while another is at PLAY
    # (gst_rtsp_media_get_rates), so each client gets a pipeline of its own.
    factory.set_shared(False)
    if "udp" in options:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if "digest" in options:
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("admin", "secret", token)
        server.set_auth(auth)
        role = Gst.Structure.new_empty("user")
        role.set_value("media.factory.access", True)
        role.set_value("media.factory.construct", True)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role_from_structure(role)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        raise SystemExit(f"cannot listen on port {port}")
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
