"""Mutated media harms neither `streamlab probe` nor a server: what once did, and a few others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fuzz.corpus_files import MEDIA
from tests.fuzz.figures import HEADING
from tests.fuzz.media import PROBE
from tests.fuzz.media_seeds import MediaSeed, make_seeds
from tests.fuzz.mutate import MAX_CHANGES, MAX_PIECE_BYTES, Mutant, make_mutant
from tests.fuzz.probing import DefectError, Prober
from tests.fuzz.serving import MediaServer
from tests.fuzz.witness import SlowError

RUN = 1
KEPT = [path for path in sorted(MEDIA.rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def seeds() -> dict[str, MediaSeed]:
    return make_seeds()


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    with Prober(tmp_path_factory.mktemp("probed")) as prober:
        yield prober


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with MediaServer(tmp_path_factory.mktemp("served")) as server:
        yield server


def kept(path: Path, seeds: dict[str, MediaSeed]) -> Mutant:
    seed, file, _ = path.relative_to(MEDIA).parts
    return Mutant(seeds[seed], file, path.read_bytes())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "-".join(path.relative_to(MEDIA).parts))
def test_what_once_broke_something(
    path: Path, seeds: dict[str, MediaSeed], prober: Prober, server: MediaServer
) -> None:
    mutant = kept(path, seeds)
    for way in (False, True):
        prober.probe(mutant, as_json=way)
        with suppress(SlowError):  # others may use this machine
            server.serve(mutant, by_http=way)


def test_seeds_are_what_they_seem(seeds: dict[str, MediaSeed], prober: Prober) -> None:
    refused: set[str] = set()
    for seed in seeds.values():
        before = prober.figures.outcomes["refused"]
        prober.receive(Mutant(seed, seed.opened, seed.files[seed.opened]))
        if prober.figures.outcomes["refused"] > before:
            refused.add(seed.name)
    assert refused == {"sound.wav", "ffconcat"}  # nothing to see; may name any file


def test_a_few_mutants_through_probe(seeds: dict[str, MediaSeed], prober: Prober) -> None:
    for number in range(2 * len(seeds)):
        prober.receive(make_mutant(seeds, RUN, number))


def test_a_few_mutants_through_a_server(seeds: dict[str, MediaSeed], server: MediaServer) -> None:
    before = sum(server.statuses.values())
    for number in range(8):
        with suppress(SlowError):
            server.receive(make_mutant(seeds, RUN, number))
    assert sum(server.statuses.values()) == before + 8


def test_mutants_are_bounded_and_reproducible(seeds: dict[str, MediaSeed]) -> None:
    for number in range(200):
        mutant = make_mutant(seeds, RUN, number)
        assert mutant == make_mutant(seeds, RUN, number)
        most = len(mutant.seed.files[mutant.file]) + MAX_CHANGES * 2 * MAX_PIECE_BYTES
        assert len(mutant.data) <= most


def test_a_run_ends_with_a_table() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "1", "probe"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PROBE in done.stdout.partition(HEADING)[2]


def test_a_death_is_a_defect_and_the_next_file_gets_a_new_process(
    seeds: dict[str, MediaSeed], tmp_path: Path
) -> None:
    good = Mutant(seeds["a.png"], "a.png", seeds["a.png"].files["a.png"])
    with Prober(tmp_path) as prober:
        prober.receive(good)
        assert prober._process is not None
        prober._process.kill()
        prober._process.wait()
        with pytest.raises(DefectError, match="SIGKILL"):
            prober.receive(good)
        prober.receive(good)
    assert prober.figures.outcomes["read"] == 2
