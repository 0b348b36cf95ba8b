"""The asyncio shell round the core: cameras, their streams, and those who watch them."""

from streamlab.viewers.camera import Camera
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.subscriptions import ChannelSubscriptionManager

__all__ = ["Camera", "ChannelSubscriptionManager", "StreamChannelManager"]
