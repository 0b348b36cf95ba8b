"""Sources, detectors and renderers by name: built-in ones and those of installed packages.

A package offers them as entry points (https://packaging.python.org/specifications/entry-points);
``built_in.toml`` declares the built-in ones in the same way. Code is imported on first use. A
failing package affects only the camera that uses it: its errors are converted to StreamlabErrors
that name the package. It cannot replace anything built in.
"""

from __future__ import annotations

import logging
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, ParamSpec, TypeVar

from streamlab.core.source_kind import SourceKind
from streamlab.errors import StreamlabError

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)
BUILT_IN: Mapping[str, dict[str, str]] = tomllib.loads(
    (resources.files("streamlab") / "built_in.toml").read_text("utf-8")
)
"""``module:callable`` by name, for the sorts ``sources``, ``detectors`` and ``renderers``."""


def offered(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group by name; of equal names, the first on the path wins."""
    return _offered(group, tuple(sys.path))


@lru_cache(maxsize=16)
def _offered(group: str, path: tuple[str, ...]) -> Mapping[str, EntryPoint]:  # noqa: ARG001
    found: dict[str, EntryPoint] = {}
    for each in entry_points(group=group):
        found.setdefault(each.name, each)
    return found


def source_kinds() -> list[str]:
    """Return the names of all source kinds, built-in ones first."""
    return [name for name in _names("sources") if name != SourceKind.UNKNOWN]


def _names(sort: str) -> list[str]:
    own = BUILT_IN[sort]
    return [*own, *sorted(offered(f"streamlab.{sort}").keys() - own.keys())]


class Registry(Generic[P, T]):
    """Creates objects of one sort by name; those of packages are checked for required members."""

    def __init__(self, sort: str, error: type[StreamlabError], members: Sequence[str]) -> None:
        """Create a registry.

        Args:
            sort: ``source``, ``detector`` or ``renderer``.
            error: raised for unknown names and packages that cannot be used.
            members: attributes that ``T`` must have.
        """
        self._sort = sort
        self._own = BUILT_IN[f"{sort}s"]
        self._error = error
        self._members = members
        self._group = f"streamlab.{sort}s"

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in offered(self._group)

    def is_own(self, name: str) -> bool:
        """Return True if a name is built in."""
        return name in self._own

    @property
    def names(self) -> list[str]:
        """All names: built-in ones, then those of packages."""
        return _names(f"{self._sort}s")

    def make(self, name: str, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the callable of this name and return its result.

        Raises the registry's ``error`` if the name is unknown or a package's code fails.
        """
        if name in self._own:
            made: T = EntryPoint(name, self._own[name], self._group).load()(*args, **kwargs)
            return made
        if name not in self:
            raise self._error(
                f"there is no {self._sort} '{name}'", hint=f"There are: {', '.join(self.names)}."
            )
        with self.errors_of(name):
            made = offered(self._group)[name].load()(*args, **kwargs)
            missing = [member for member in self._members if not hasattr(made, member)]
            if missing:
                raise TypeError(f"{type(made).__name__} has no '{missing[0]}'")
        return made

    @contextmanager
    def errors_of(self, name: str) -> Iterator[None]:
        """Convert errors of a package to ``error``, naming it; StreamlabErrors pass unchanged."""
        try:
            yield
        except StreamlabError:
            raise
        except (Exception, SystemExit) as error:
            what = f"{self._sort} '{name}' of the package {self._package(name)}"
            log.debug("%s failed", what, exc_info=error)
            raise self._error(
                f"{what} cannot be used: {type(error).__name__}: {error}",
                hint="Update or remove the package, or report this to its authors.",
            ) from error

    def _package(self, name: str) -> str:
        distribution = offered(self._group)[name].dist
        return "?" if distribution is None else f"{distribution.name} {distribution.version}"
