"""``streamlab bench`` as a person uses it."""

from __future__ import annotations

import json

from tests.test_cli import run

CAMERA = "synthetic://traffic?width=160&height=90&fps=10"
QUICK = ("bench", "--camera", CAMERA, "--seconds", "2")


def test_bench_says_what_a_machine_can_carry() -> None:
    answer = run(*QUICK, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["cameras_sparse"] >= found["cameras"] >= 0
    assert found["stages_ms"].keys() == {
        "decode", "detect", "track", "draw", "encode raw", "encode annotated",
    }  # fmt: skip


def test_bench_in_words() -> None:
    answer = run(*QUICK, "--model", "none")
    assert answer.returncode == 0, answer.stderr
    assert "can carry" in answer.stdout
    assert "What limits it" in answer.stdout


def test_bench_of_a_camera_that_is_not_there() -> None:
    answer = run("bench", "--camera", "nothing.mp4")
    assert answer.returncode == 1
    assert "nothing.mp4" in answer.stderr
