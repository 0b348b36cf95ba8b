"""Decides which worker of a cluster runs which camera, the same way on every node.

Rendezvous hashing: each camera ranks all workers by a hash of both names, weighted with their
capacities, so a worker that comes or goes moves few cameras. Rules:

- a camera stays with its owner while that is alive and its capacity is not 0 (it drains);
- any other camera goes to the first worker of its ranking that has room;
- where no worker has room, a camera is not placed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

_HASH_RANGE = 1 << 64


class Placement(NamedTuple):
    """Where cameras run."""

    workers: dict[str, str]
    """The worker of each camera that has one."""
    unplaced: tuple[str, ...]
    """Cameras that no worker has room for."""


def ranking(camera_id: str, capacities: Mapping[str, float]) -> list[str]:
    """Return the workers in the order in which a camera prefers them.

    The chance of a worker to be first is its share of all capacity (Schindelhauer and Schomaker,
    *Weighted Distributed Hash Tables*, 2005: logarithmic method). Those without capacity are last.
    """

    def distance(worker: str) -> tuple[float, str]:
        capacity = capacities[worker]
        return (_exponential(camera_id, worker) / capacity if capacity > 0 else math.inf), worker

    return sorted(capacities, key=distance)


def place(
    cameras: Iterable[str], capacities: Mapping[str, int], owners: Mapping[str, str]
) -> Placement:
    """Place cameras on workers.

    Args:
        cameras: ids of all cameras.
        capacities: how many cameras each live worker takes; 0: it hands its cameras over.
        owners: the worker that has each camera now, alive or not.
    """
    ids = sorted(set(cameras))
    left = dict(capacities)
    placed: dict[str, str] = {}
    for camera_id in ids:
        owner = owners.get(camera_id)
        if owner is not None and capacities.get(owner, 0) > 0:
            placed[camera_id] = owner
            left[owner] -= 1
    unplaced = []
    for camera_id in ids:
        if camera_id not in placed:
            worker = _first_with_room(ranking(camera_id, capacities), left)
            if worker is None:
                unplaced.append(camera_id)
            else:
                placed[camera_id] = worker
                left[worker] -= 1
    return Placement(placed, tuple(unplaced))


def _first_with_room(workers: Collection[str], left: Mapping[str, int]) -> str | None:
    return next((worker for worker in workers if left[worker] > 0), None)


def _exponential(camera_id: str, worker: str) -> float:
    """Return an exponentially distributed number, always the same for the same names."""
    text = f"{camera_id}\0{worker}".encode()
    number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    return -math.log((number + 1) / (_HASH_RANGE + 1))
