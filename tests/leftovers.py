"""Counts the objects of a process that should have been freed."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator

CAMERA_PARTS = ("Camera", "RunningCamera", "CameraPipeline", "DetectionService")
VIEWS = ("CameraView", "DriftPlot", "CameraGrid", "WeakLayout", "ViewFeeds", "ViewFeed")
LAB_PARTS = ("Runtime", "ShownCamera", *VIEWS, *CAMERA_PARTS)
PATIENCE_S = 60.0


def count_objects(names: tuple[str, ...] = LAB_PARTS) -> dict[str, int]:
    """Return how many instances of the classes of these names are alive, without zeros.

    A widget's class is one of its own, of the same name. Not with ``gc.get_objects``: it would hold
    tuples that other threads are building, which raises SystemError there.
    """
    gc.collect()
    kinds = {each for each in _subclasses(object) if each.__name__ in names}
    alive = {id(each): each for each in gc.get_referrers(*kinds) if type(each) in kinds}
    found = Counter(type(each).__name__ for each in alive.values())
    return {name: found[name] for name in names if found[name]}


def _subclasses(kind: type) -> Iterator[type]:
    each: type
    for each in type.__subclasses__(kind):
        yield each
        yield from _subclasses(each)


def count_new_objects(before: dict[str, int], names: tuple[str, ...]) -> dict[str, int]:
    """Return how many more are alive than ``before``: earlier tests may have left some."""
    return dict(Counter(count_objects(names)) - Counter(before))


def wait_for(look: Callable[[], dict[str, int]], wanted: dict[str, int]) -> dict[str, int]:
    """Call ``look`` until it returns ``wanted``, at most ``PATIENCE_S``; return its last result."""
    give_up_s = time.monotonic() + PATIENCE_S
    while (seen := look()) != wanted and time.monotonic() < give_up_s:
        time.sleep(0.05)
    return seen
