"""What a lab and its cameras show of themselves: their public names, and nothing else."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING


class Public:
    """Has the public attributes that its class declares. Any other name is taken for a mistake."""

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self)) if not name.startswith("_")]

    if not TYPE_CHECKING:  # a type checker would take them for a promise of any attribute

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
        # Without ``obj`` Python would add a suggestion of its own to what is printed.
        return AttributeError(
            f"{type(self).__name__} {problem} '{name}'.{hint}", name=name, obj=None
        )
