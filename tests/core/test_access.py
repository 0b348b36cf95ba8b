"""Who may see and change what, by patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.access import EVERYTHING, NOTHING, Access, CameraAccess, Grant, matches

NAMES = st.text("ab-.", max_size=8)
PATTERNS = st.text("ab-.*", min_size=1, max_size=8)
GRANTS = st.builds(
    Grant,
    st.lists(PATTERNS, min_size=1, max_size=3).map(tuple),
    st.lists(PATTERNS, min_size=1, max_size=3).map(tuple),
)
MANY = st.lists(GRANTS, max_size=3).map(tuple)


@given(PATTERNS, NAMES)
def test_a_pattern_matches_as_those_of_a_shell_do(pattern: str, name: str) -> None:
    assert matches(pattern, name) == fnmatchcase(name, pattern)


def test_a_long_name_is_compared_in_linear_time() -> None:
    assert not matches("*a" * 30 + "b", "a" * 100_000)


@given(MANY, MANY, NAMES, NAMES)
def test_grants_add_up_and_are_of_pairs(
    some: tuple[Grant, ...], more: tuple[Grant, ...], camera: str, channel: str
) -> None:
    def allows(grants: tuple[Grant, ...]) -> bool:
        return Access(grants).of(camera).watches(channel)

    assert allows(some + more) == (allows(some) or allows(more))
    each = [any(matches(x, camera) for x in grant.cameras)
            and any(matches(x, channel) for x in grant.channels) for grant in some]  # fmt: skip
    assert allows(some) == any(each)


@given(NAMES, NAMES)
def test_nothing_and_everything(camera: str, channel: str) -> None:
    assert NOTHING.of(camera) == CameraAccess((), (), changing=False)
    assert not NOTHING.sees(camera)
    assert EVERYTHING.sees(camera)
    assert EVERYTHING.changes(camera)
    assert EVERYTHING.of(camera).watches_all
    assert EVERYTHING.of(camera).watches_unredacted(channel)
    assert EVERYTHING.watches_everything
    assert EVERYTHING.changes_everything


def test_a_limit_of_either_kind_is_no_access_to_everything() -> None:
    for grant in (Grant(("a",)), Grant(channels=("raw",)), Grant(("a", "b*"), ("*",))):
        access = Access((grant,), (grant,), (grant,))
        assert not access.watches_everything
        assert not access.watches_everything_unredacted
        assert not access.changes_everything
    assert Access((Grant(("a", "*")),)).watches_everything
