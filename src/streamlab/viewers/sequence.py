"""The first sequence number of a camera's fragments."""

from __future__ import annotations

# Sequences continue across server restarts, so that no cached fragment is taken for another.
SEQUENCE_EPOCH_S = 1_767_225_600  # 2026
SEQUENCES_PER_S = 128  # more fragments than a channel makes


def first_sequence(wall_s: float) -> int:
    """Return the first sequence number of a camera that starts at ``wall_s``, Unix seconds."""
    return max(0, int(wall_s) - SEQUENCE_EPOCH_S) * SEQUENCES_PER_S + 1
