"""The asyncio shell around the core: cameras, their streams and their viewers."""

from streamlab.viewers.camera import Camera
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.subscriptions import ChannelSubscriptionManager

__all__ = ["Camera", "ChannelSubscriptionManager", "StreamChannelManager"]
