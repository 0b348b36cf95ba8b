"""Restricts a lab and its cameras to their public attributes."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING


class Public:
    """Base class of objects with only the public attributes that their class declares.

    Any other public name raises AttributeError, which suggests the nearest one.
    """

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self)) if not name.startswith("_")]

    if not TYPE_CHECKING:  # with these, a type checker would accept any attribute

        def __getattr__(self, name: str) -> object:
            raise self._error(name, "has no attribute")

        def __setattr__(self, name: str, value: object) -> None:
            declared = getattr(type(self), name, None)
            if declared is None and not name.startswith("_"):
                raise self._error(name, "has no attribute")
            if callable(declared):
                raise self._error(name, "does not let you set")
            super().__setattr__(name, value)

    def _error(self, name: str, problem: str) -> AttributeError:
        nearest = [each for each in get_close_matches(name, dir(self), 1) if each != name]
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        # With ``obj`` set, Python would add its own suggestion to the printed message.
        return AttributeError(
            f"{type(self).__name__} {problem} '{name}'.{hint}", name=name, obj=None
        )
