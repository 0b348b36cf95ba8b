"""The pure core: no clock, no threads, no IO. Time comes in as ``now_ns``."""
