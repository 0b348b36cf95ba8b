"""What the luma of the upper left pixel tells ``FaultyDetector`` to do."""

HANG, SPIN, EXIT, CRASH, ALLOCATE, RAISE, REFUSE, WRITE = range(1, 9)
