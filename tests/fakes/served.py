"""The app with its dashboard, for servers that are given the name of a module."""

from __future__ import annotations

from streamlab.dashboard.asgi import MOUNTS
from streamlab.media.spec import SourcePolicy
from streamlab.server import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

settings = Settings()
policy = SourcePolicy.of(
    settings.allowed_schemes, settings.allowed_folders, [], settings.allowed_networks
)
app = create_app(StreamChannelManager(settings), policy, MOUNTS)
