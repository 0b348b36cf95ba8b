"""What a probe reports of recordings, made and tagged in every way that it tells of."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from streamlab.core.mp4.display_matrix import Orientation
from streamlab.errors import SourceError
from streamlab.media.probe import Reading
from streamlab.media.probe.picture_report import TURNS
from streamlab.media.spec import SourceSpec
from tests.fakes import videos
from tests.fakes.videos import Recipe
from tests.media.test_film import write_interlaced

Report = dict[str, Any]


def probed(source: Path | str) -> Report:
    reading = Reading(SourceSpec.parse(str(source)))
    reading.start()
    while not reading.wait(0.05):
        pass
    return reading.report().as_dict()


def actions(report: Report) -> list[str]:
    return [action["action"] for action in report["actions"]]


def write_films(path: Path, *recipes: Recipe) -> Path:
    """Films in one file, each with a title of its own, and tagged as HDR."""
    with av.open(str(path), "w") as container:
        streams = [videos.add_stream(container, recipe) for recipe in recipes]
        for number, stream in enumerate(streams):
            stream.metadata.update(title=f"yard {number} \x1b[31m[bold]", language="deu")
            context = stream.codec_context
            context.color_range, context.colorspace = 1, 9
            context.color_primaries, context.color_trc = 9, 16
        for stream, recipe in zip(streams, recipes, strict=True):
            for packet in videos.encode(stream, recipe):
                container.mux(packet)
    return path


def test_a_plain_recording(tmp_path: Path) -> None:
    report = probed(videos.baseline(tmp_path / "plain.mp4"))
    expected = {
        "kind": "file",
        "codec": "h264",
        "chosen_stream": 0,
        "chosen_because": "the only video stream",
        "width": 320,
        "height": 180,
        "display_width": 320,
        "display_height": 180,
        "pixel_format": "yuv420p",
        "bit_depth": 8,
        "sample_aspect_ratio": "1:1",
        "rotation_deg": 0,
        "mirrored": False,
        "interlaced": False,
        "field_order": None,
        "colour_assumed": ("range", "matrix", "primaries", "transfer"),
        "fps_claimed": 25.0,
        "fps_measured": 25.0,
        "fps_measured_by": "stamps",
        "rate_as_claimed": True,
        "variable_rate": False,
        "repeated_stamps": 0,
        "gop_frames": 25,
        "gop_s": 1.0,
        "b_frames": False,
        "pictures_read": 100,
        "passthrough": True,
        "passthrough_detail": None,
        "notes": (),
    }
    assert {name: report[name] for name in expected} == expected
    assert report["duration_s"] == pytest.approx(4, rel=0.01)
    assert actions(report) == ["play", "pass_through"]


def test_at_most_six_seconds_are_read(tmp_path: Path) -> None:
    report = probed(videos.write(tmp_path / "long.mp4", Recipe(frames=400, gop=250)))
    assert 6 * 25 <= report["pictures_read"] <= 6 * 25 + 2
    assert (report["keyframes"], report["gop_frames"], report["gop_s"]) == (1, None, None)
    assert "GOP is longer than 2 s" in report["passthrough_detail"]


def test_b_frames(tmp_path: Path) -> None:
    report = probed(videos.b_frames(tmp_path / "b.mp4"))
    assert report["b_frames"]
    assert not report["passthrough"]
    assert "B-frames" in report["passthrough_detail"]
    assert actions(report) == ["play", "transcode"]


def test_a_variable_rate(tmp_path: Path) -> None:
    report = probed(videos.variable_rate(tmp_path / "variable.mp4"))
    assert report["variable_rate"]
    assert report["interval_min_ms"] == pytest.approx(20)
    assert report["interval_max_ms"] == pytest.approx(110)


def test_rates_that_are_no_integers(tmp_path: Path) -> None:
    report = probed(videos.ntsc_rate(tmp_path / "ntsc.mp4"))
    assert report["fps_measured"] == pytest.approx(30_000 / 1001)
    assert report["rate_detail"] == "claims 29.97 fps, and delivers it"


def test_stamps_at_another_rate_than_the_container_claims(tmp_path: Path) -> None:
    recipe = Recipe(rate=Fraction(25), frames=30)
    stamps_ms = [number * 200 for number in range(30)]
    report = probed(videos.write_stamped(tmp_path / "slow.mkv", recipe, stamps_ms))
    assert report["fps_measured"] == pytest.approx(5)
    assert report["rate_detail"] == "claims 25 fps, delivers 5.0"
    assert report["rate_as_claimed"] is False


def test_stamps_that_come_twice(tmp_path: Path) -> None:
    stamps_ms = [40 * (number - (number % 5 == 4)) for number in range(50)]
    report = probed(videos.write_stamped(tmp_path / "twice.mkv", Recipe(frames=50), stamps_ms))
    assert report["repeated_stamps"] == 10
    assert report["notes"][0].startswith("10 of 50 time stamps come twice")


def test_a_raw_stream_has_no_stamps_to_measure(tmp_path: Path) -> None:
    report = probed(videos.raw_h264(tmp_path / "raw.h264", Recipe(rate=Fraction(12), gop=12)))
    assert report["fps_claimed"] == 12
    assert report["fps_measured"] is report["fps_stamped"] is report["variable_rate"] is None
    assert report["rate_detail"] == "claims 12 fps without time stamps, which cannot be checked"
    assert report["gop_s"] == pytest.approx(1)


def test_a_rotated_picture(tmp_path: Path) -> None:
    report = probed(videos.rotated(tmp_path / "rotated.mp4"))
    assert (report["rotation_deg"], report["mirrored"]) == (90, False)
    assert (report["width"], report["height"]) == (320, 180)
    assert (report["display_width"], report["display_height"]) == (180, 320)
    assert actions(report) == ["play", "turn", "transcode"]


@pytest.mark.parametrize("orientation", Orientation)
def test_turns_are_what_the_display_matrix_asks_for(orientation: Orientation) -> None:
    degrees, mirrored = TURNS[orientation]

    def moved(x: int, y: int) -> tuple[int, int]:
        """Mirror left and right, then turn by quarters to the right; y points down."""
        x = -x if mirrored else x
        for _ in range(degrees // 90):
            x, y = -y, x
        return x, y

    a, b, c, d = orientation.value
    assert moved(1, 0) == (a, b)
    assert moved(0, 1) == (c, d)


def test_odd_sides_and_full_chroma(tmp_path: Path) -> None:
    report = probed(videos.odd_size_444(tmp_path / "odd.mkv"))
    assert (report["pixel_format"], report["gop_frames"]) == ("yuv444p", 1)
    assert (report["display_width"], report["display_height"]) == (320, 180)
    assert actions(report) == ["play", "crop", "convert", "transcode"]


def test_interlaced_pictures(tmp_path: Path) -> None:
    path = tmp_path / "interlaced.ts"
    write_interlaced(path)
    report = probed(path)
    assert (report["interlaced"], report["field_order"]) == (True, "top first")
    assert "deinterlace" in actions(report)
    assert not report["passthrough"]


def test_sound_is_listed_and_left_out(tmp_path: Path) -> None:
    report = probed(videos.with_audio(tmp_path / "sound.mp4"))
    assert [stream["kind"] for stream in report["streams"]] == ["video", "audio"]
    assert report["streams"][1]["width"] is None
    assert "ignore_sound" in actions(report)


def test_streams_colours_and_titles(tmp_path: Path) -> None:
    deeper = Recipe(640, 360, frames=6, pixel_format="yuv422p10le", options={})
    path = write_films(tmp_path / "two.mkv", Recipe(frames=6), deeper)
    report = probed(path)
    assert report["chosen_stream"] == 1
    assert report["chosen_because"] == "the largest picture"
    assert [stream["language"] for stream in report["streams"]] == ["deu", "deu"]
    assert report["streams"][1]["title"] == "yard 1 ?[31m[bold]"
    names = ("range", "matrix", "primaries", "transfer")
    colours = tuple(report[f"colour_{name}"] for name in names)
    assert colours == ("limited", "bt2020nc", "bt2020", "smpte2084")
    assert report["colour_assumed"] == ()
    assert (report["pixel_format"], report["bit_depth"]) == ("yuv422p10le", 10)
    other = probed(f"{path}#video=0")
    assert (other["chosen_stream"], other["chosen_because"]) == (0, "asked for with #video=0")


def test_the_first_of_equals_is_chosen(tmp_path: Path) -> None:
    report = probed(write_films(tmp_path / "two.mkv", Recipe(frames=6), Recipe(frames=6)))
    assert (report["chosen_stream"], report["chosen_because"]) == (0, "the first of equals")


def test_a_picture_that_changes_its_size(tmp_path: Path) -> None:
    report = probed(videos.size_changes_timed(tmp_path / "grows.ts"))
    assert report["notes"] == ("its picture changes its size: 320x180 px, then 480x270 px",)


def test_a_recording_that_is_cut_off(tmp_path: Path) -> None:
    report = probed(videos.truncated_after_index(tmp_path / "cut.mp4"))
    assert report["notes"][0].startswith("its pictures end after ")


def test_a_synthetic_camera() -> None:
    report = probed("synthetic://traffic?width=160&height=90&fps=10")
    assert (report["kind"], report["container"], report["streams"]) == ("synthetic", None, ())
    assert (report["fps_claimed"], report["fps_measured"]) == (10, pytest.approx(10))
    assert report["colour_assumed"] == ()


@pytest.mark.parametrize("make", [videos.text, videos.truncated, videos.audio_only])
def test_what_is_no_video(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(SourceError):
        probed(make(tmp_path / "no.mp4"))
