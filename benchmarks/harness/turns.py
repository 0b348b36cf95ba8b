"""Measures several ways in turn, so that what else the machine does falls on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Measured = TypeVar("Measured")


def in_turn(rounds: int, **ways: Callable[[], Measured]) -> dict[str, list[Measured]]:
    """Run every way once in each round, in the order given: A B A B. Returns what each measured."""
    measured: dict[str, list[Measured]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            measured[name].append(way())
    return measured


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours / theirs, round by round."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]
