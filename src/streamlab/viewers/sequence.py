"""Where the sequences of a camera's fragments begin."""

from __future__ import annotations

# Sequences go on across restarts of the server, so that a cached fragment is never another's.
SEQUENCE_EPOCH_S = 1_767_225_600  # 2026
SEQUENCES_PER_S = 128  # more than a channel makes


def first_sequence(wall_s: float) -> int:
    """Return the sequence at which a camera that starts now begins to count."""
    return max(0, int(wall_s) - SEQUENCE_EPOCH_S) * SEQUENCES_PER_S + 1
