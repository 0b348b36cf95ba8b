"""The options of the command line that redact."""

from __future__ import annotations

import pytest

from streamlab.cli.detectors import ModelOptions
from streamlab.cli.run import run
from streamlab.errors import InvalidRequestError, ModelError

CAMERA = "lab=synthetic://traffic?width=160&height=90"


def test_redact_takes_renderers_that_redact() -> None:
    models = ModelOptions("none")
    with pytest.raises(ModelError, match="'boxes' does not redact"):
        run([CAMERA], models, "127.0.0.1", 1, redact="boxes")
    with pytest.raises(ModelError, match="there is no renderer 'star'"):
        run([CAMERA], models, "127.0.0.1", 1, redact="star")
    with pytest.raises(InvalidRequestError, match="exclude each other"):
        run([CAMERA], models, "127.0.0.1", 1, renderer="blur", redact="pixelate")
