"""The pure core: no clock, no threads, no IO. Time is passed in as ``now_ns``."""
