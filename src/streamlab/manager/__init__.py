"""The asyncio shell round the core: cameras, their streams, and those who watch them."""

from streamlab.manager.camera import Camera
from streamlab.manager.channels import StreamChannelManager
from streamlab.manager.subscriptions import ChannelSubscriptionManager

__all__ = ["Camera", "ChannelSubscriptionManager", "StreamChannelManager"]
