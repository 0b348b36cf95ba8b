"""On a busy machine a new encoder's keyframe may come later than the server waits for it."""

from __future__ import annotations

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from streamlab.client import AsyncStream, Switch
from streamlab.errors import SwitchTimeoutError


@retry(retry=retry_if_exception_type(SwitchTimeoutError), stop=stop_after_attempt(50), reraise=True)
async def switch_patiently(
    stream: AsyncStream, channel: str, *, quality: str | None = None, camera_id: str | None = None
) -> Switch:
    """Switch, and ask again as the server says when it was in vain."""
    return await stream.switch(channel, quality=quality, camera_id=camera_id)
