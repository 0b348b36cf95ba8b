"""What becomes of packages that do not work, and of names that nobody has."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from streamlab.cli.detectors import ModelOptions
from streamlab.cli.run import run
from streamlab.core.channels import SourceState
from streamlab.detect.load import DETECTORS, load_detector
from streamlab.detect.renderers import RENDERERS, load_renderer
from streamlab.errors import ConfigurationError, ModelError, ModelFormatError, SourceError
from streamlab.media.opening import SOURCES, open_source, open_within
from streamlab.media.probe import Reading
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

from .installing import install_module

NEVER = "raise RuntimeError('not today')"
BAD_MODULES = {
    "it raises": (NEVER, "RuntimeError: not today"),
    "it ends the process": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "it needs what is not there": ("import no_such_module_at_all", "ModuleNotFoundError"),
    "it is no Python": ("def", "SyntaxError"),
    "it lacks the name": ("pass", "AttributeError"),
}
BAD_OBJECTS = {
    "it cannot be called": ("make = 3", "TypeError"),
    "it takes other arguments": ("def make(a, b, c, d): pass", "TypeError"),
    "it raises when called": (f"def make(*_): {NEVER}", "RuntimeError: not today"),
    "it returns something else": ("def make(*_): return None", "TypeError: NoneType has no '"),
}
EVERY_GROUP = {
    f"streamlab.{sort}s": {"broken": "broken_module:make"}
    for sort in ("source", "detector", "renderer")
}
SOURCE = """
from fractions import Fraction
import av
from streamlab.media.source import SourceFrame, SourceInfo
def make(spec, timeout_s):
    return Source()
class Source:
    extradata, reorders = None, False
    info = SourceInfo("test", 2, 2, {fps}, live=False)
    stop = close = lambda self: None
    def frames(self):
        for number in range(3):
            {frame}
        {end}
"""
PICTURE = "yield SourceFrame(av.VideoFrame(99, 67, 'rgb24'), number * 3000, keyframe=False)"


def of_source(frame: str = PICTURE, end: str = "pass", fps: str = "Fraction(30)") -> str:
    return SOURCE.format(frame=frame, end=end, fps=fps)


@pytest.mark.parametrize("case", [*BAD_MODULES, *BAD_OBJECTS])
def test_a_broken_package_is_named(site: Path, case: str) -> None:
    code, words = (BAD_MODULES | BAD_OBJECTS)[case]
    install_module(site, code, EVERY_GROUP)
    with pytest.raises(SourceError, match=r"^source 'broken' of the package broken 0\.1") as source:
        open_source(SourceSpec.parse("broken://x"))
    with pytest.raises(ModelError, match=r"^detector 'broken' of the package broken 0\.1") as model:
        load_detector("broken:x")
    with pytest.raises(ModelError, match=r"^renderer 'broken' of the package broken 0\.1") as pen:
        load_renderer("broken")
    for caught in (source, model, pen):
        assert words in caught.value.message
        assert "package" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (of_source(frame="yield from ()"), "broken://x gives no picture"),
        (of_source(frame=NEVER), "RuntimeError: not today"),
        (of_source(frame="yield number"), "AttributeError"),
        (of_source(fps="0"), "ValueError: fps is 0"),
        (of_source(fps="'many'"), "ValueError"),
    ],
)
def test_a_source_that_gives_no_good_picture_is_refused(site: Path, code: str, words: str) -> None:
    install_module(site, code, EVERY_GROUP)
    with pytest.raises(SourceError, match=words):
        open_within(SourceSpec.parse("broken://x"), 60.0)


def test_pictures_of_any_kind_are_made_fit(site: Path) -> None:
    install_module(site, of_source(), EVERY_GROUP)
    with closing(open_source(SourceSpec.parse("broken://x"))) as source:
        items = list(source.frames())
    assert (source.info.width, source.info.height) == (98, 66)
    assert [item.stamp for item in items] == [0, 3000, 6000]
    assert {item.frame.format.name for item in items} == {"yuv420p"}


def test_a_camera_whose_source_fails_says_so_and_others_go_on(site: Path) -> None:
    install_module(site, of_source(end=NEVER), EVERY_GROUP)
    failed = SourceState.RECONNECTING

    async def watch() -> tuple[str, bool]:
        manager = StreamChannelManager(Settings())
        good = await manager.add_camera("good", SourceSpec.parse("synthetic://traffic"))
        bad = await manager.add_camera("bad", SourceSpec.parse("broken://x"), wait=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(60.0):
                while not (bad.state is failed and "not today" in bad.source.detail):
                    await asyncio.sleep(0.01)
        told = bad.source.detail
        is_live = good.state is SourceState.LIVE
        await manager.close()
        return told, is_live

    told, is_live = asyncio.run(watch())
    assert "source 'broken' of the package broken 0.1" in told
    assert is_live


def test_names_that_there_are_are_listed(example: list[str]) -> None:
    assert SOURCES.names[-1] == "square"
    assert DETECTORS.names == ["onnx", "ultralytics", "truth", "none", "bright"]
    assert RENDERERS.names == ["boxes", "pixelate", "blur", "dot"]
    assert not [name for name in sys.modules if name.startswith("squares")], "nothing is imported"
    with pytest.raises(SourceError, match="unknown scheme 'squares'") as source:
        SourceSpec.parse("squares://moving")
    assert "square://" in source.value.hint
    with pytest.raises(ModelFormatError, match="'dark:3' is not the name of a model") as model:
        load_detector("dark:3")
    assert "bright:ARGUMENT" in model.value.hint
    with pytest.raises(ModelError, match="there is no renderer 'dots'") as renderer:
        load_renderer("dots")
    assert renderer.value.hint == "There are: boxes, pixelate, blur, dot."
    with pytest.raises(ValidationError, match=r"no kind of source .squares.; kinds: .*, square"):
        Settings(allowed_schemes=["squares"])
    with pytest.raises(ConfigurationError, match="no kind of source 'squares'"):
        SourcePolicy.of(["squares"], [], [])


def test_the_command_line_refuses_unknown_names_before_anything_runs() -> None:
    camera, models = "lab=synthetic://traffic?width=160&height=90", ModelOptions("none")
    with pytest.raises(ModelError, match="there is no renderer 'star'"):
        run([camera], models, "127.0.0.1", 1, renderer="star")
    with pytest.raises(ConfigurationError, match="no kind of source 'star' to be allowed"):
        run([camera], models, "127.0.0.1", 1, schemes=["star"])


def test_nothing_of_streamlab_can_be_replaced(site: Path) -> None:
    own = {"synthetic": "broken_module:make", "unknown": "broken_module:make"}
    models = {"none": "broken_module:make", "onnx": "broken_module:make"}
    groups = {
        "streamlab.sources": own,
        "streamlab.detectors": models,
        "streamlab.renderers": {"boxes": "broken_module:make"},
    }
    install_module(site, NEVER, groups)
    with closing(open_source(SourceSpec.parse("synthetic://traffic?width=160&height=90"))) as it:
        assert it.info.codec == "synthetic"
    assert load_detector("none").name == "none"
    load_renderer("boxes")
    with pytest.raises(SourceError, match="unknown scheme"):
        SourceSpec.parse("unknown://x")


def test_a_file_of_that_name_wins(
    example: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bright:3.onnx").touch()
    with pytest.raises(ModelFormatError, match=r"bright:3\.onnx"):
        load_detector("bright:3.onnx")
    with pytest.raises(ModelError, match="'x' is not a luma"):
        load_detector("bright:x")


def test_it_can_be_probed(example: list[str]) -> None:
    reading = Reading(SourceSpec.parse("square://moving?fps=60"))
    reading.start()
    assert reading.wait(120.0)
    reading.join(120.0)
    report = reading.report()
    assert report.as_dict()["kind"] == "plugin"
    assert [action.action for action in report.actions] == ["play", "convert", "transcode"]
