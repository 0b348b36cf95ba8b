"""Channels and views."""

from __future__ import annotations

from streamlab.core.channels import ChannelType, View


def test_a_view_lists_its_channels_raw_first() -> None:
    assert View.BOTH.channels == (ChannelType.RAW, ChannelType.ANNOTATED)
    assert View.ANNOTATED.channels == (ChannelType.ANNOTATED,)
