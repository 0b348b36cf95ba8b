"""A kind is added to streamlab itself by a module and one line in ``built_in.toml``."""

from __future__ import annotations

import json
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlab import Lab
from streamlab.cli import app
from streamlab.core.channels import SourceState
from streamlab.detect.load import load_detector
from streamlab.detect.renderers import load_renderer
from streamlab.errors import ConfigurationError, ModelError, SourceError, SourceNotAllowedError
from streamlab.media.opening import SOURCES, open_source
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.plugins import BUILT_IN
from streamlab.settings import Settings
from tests.fakes.videos import baseline

from .kinds import HEIGHT, WIDTH, BlotRenderer, CornerDetector, DuskSource

DUSK = "dusk://yard"
LINES = {
    "sources": {"dusk": "DuskSource", "tape": "open_tape"},
    "detectors": {"corner": "CornerDetector"},
    "renderers": {"blot": "BlotRenderer"},
}


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line is added for each kind, and nothing else."""
    for sort, kinds in LINES.items():
        for name, made in kinds.items():
            monkeypatch.setitem(BUILT_IN[sort], name, f"tests.plugins.kinds:{made}")


@pytest.mark.parametrize(
    "address", [address for named in BUILT_IN.values() for address in named.values()]
)
def test_every_line_names_something_that_can_be_called(address: str) -> None:
    assert callable(EntryPoint("", address, "").load())


def test_without_its_line_there_is_no_such_kind() -> None:
    with pytest.raises(SourceError, match="unknown scheme 'dusk'"):
        SourceSpec.parse(DUSK)
    with pytest.raises(ConfigurationError, match="no kind of source 'dusk'"):
        SourcePolicy.of(["dusk"], [], [])
    with pytest.raises(ModelError):
        load_detector("corner:20")
    with pytest.raises(ModelError):
        load_renderer("blot")


def test_its_scheme_is_parsed_like_that_of_any_address(added: None) -> None:
    spec = SourceSpec.parse("DUSK://jane:s3cret@yard:99/x?token=t0k#once")
    assert (spec.kind, spec.hostname, spec.loop) == ("dusk", "yard", False)
    assert spec.display == "dusk://yard:99/x?token=***#once"
    with pytest.raises(SourceError) as caught:
        SourceSpec.parse("dawn://yard")
    assert "There are also dusk://, tape://." in caught.value.hint


def test_a_policy_refuses_it_unless_it_is_allowed(added: None) -> None:
    spec = SourceSpec.parse(DUSK)
    with pytest.raises(SourceNotAllowedError, match="type 'dusk' are not allowed") as caught:
        SourcePolicy.of(Settings().allowed_schemes, [], []).check(spec)
    assert "--allow-scheme dusk" in caught.value.hint
    SourcePolicy.of(Settings(allowed_schemes=["dusk"]).allowed_schemes, [], []).check(spec)
    SourcePolicy.of([], [], [spec]).check(spec)


def test_it_is_opened_as_one_of_streamlabs_own(added: None) -> None:
    assert SOURCES.is_own("dusk")
    with closing(open_source(SourceSpec.parse(DUSK))) as source:
        assert isinstance(source, DuskSource)


@pytest.mark.parametrize(("name", "kind"), [("dusk", "plugin"), ("tape", "file")])
def test_it_can_be_probed(added: None, tmp_path: Path, name: str, kind: str) -> None:
    address = {"dusk": DUSK, "tape": f"tape://shelf{baseline(tmp_path / 'x.mp4')}"}[name]
    done = CliRunner().invoke(app, ["probe", "--json", address])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["source"], report["kind"]) == (address, kind)
    assert report["actions"][0]["action"] == "play"
    shown = CliRunner().invoke(app, ["probe", address])
    assert shown.exit_code == 0, shown.output


def test_all_of_them_run_as_a_camera(added: None, tmp_path: Path) -> None:
    with Lab(name="kinds") as lab:
        cam = lab.add(DUSK, detector="corner:20", renderer="blot")
        shot = cam.snapshot()
        while not shot.boxes:
            shot = cam.snapshot()
        assert shot.raw.shape == (HEIGHT, WIDTH, 3)
        assert shot.boxes[0][4] == "corner"
        assert shot.raw[2:18, 2:18].mean() > 100
        assert shot.annotated[2:18, 2:18].mean() < 40
        assert shot.annotated[40:, 40:].mean() > 100
        camera = cam._shown.camera
        assert (camera.state, camera.errors) == (SourceState.LIVE, [])
        assert cam.detector.name == "corner 20"
        tape = lab.add(f"tape://shelf{baseline(tmp_path / 'x.mp4')}", detector="none")
        assert tape.snapshot().raw.any()


def test_detectors_and_renderers_are_loaded_by_their_names(added: None) -> None:
    assert isinstance(load_detector("corner:20"), CornerDetector)
    assert isinstance(load_renderer("blot"), BlotRenderer)
