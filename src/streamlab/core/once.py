"""Values that are made when they are first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class made_once(Generic[T]):  # noqa: N801 - used like property
    """``functools.cached_property`` without its lock.

    Before Python 3.12 all instances of a class share that lock: while one camera's thread writes
    its fragment, those of all other cameras wait. Here two threads that ask at the same moment
    may both make the value; either is kept.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, instance: object, owner: type | None = None) -> T:
        value = instance.__dict__[self._name] = self._make(instance)
        return value
