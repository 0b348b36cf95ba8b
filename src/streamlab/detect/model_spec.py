"""How a user specifies a model: a file or a shipped model, and optionally its output format."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple, cast

from streamlab.detect.onnx_output import FORMATS, Format
from streamlab.detect.shipped import shipped_models
from streamlab.errors import ModelFormatError

MAX_SPEC_CHARS = 4096  # PATH_MAX of Linux
_OPTION = re.compile(r"(?P<model>.*)#(?P<key>[a-z_]{1,20})=(?P<value>[^#]*)", re.DOTALL)


class ModelSpec(NamedTuple):
    """A model as the user specifies it."""

    model: str
    """A shipped model's name, or a file."""
    format: Format | None = None
    """The format that the user states; None: identified by evidence."""

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Parse ``MODEL`` or ``MODEL#format=FORMAT``.

        If the whole text names an existing file, it means that file; a ``#`` not followed by
        ``key=value`` is part of the name. Raises ModelFormatError for another key or format, and
        for text that is too long or has a NUL character.
        """
        if len(text) > MAX_SPEC_CHARS or "\0" in text:
            raise ModelFormatError("the name of a model is too long or holds a NUL character")
        match = _OPTION.fullmatch(text)
        if match is None or os.path.exists(text):  # noqa: PTH110  # never raises, however long a name is
            return cls(text)
        if match["key"] != "format" or match["value"] not in FORMATS:
            raise ModelFormatError(
                f"'{text}' has an option that is not known: {match['key']}={match['value']}",
                hint=f"After the file's name may stand #format= and {', '.join(FORMATS)}.",
            )
        return cls(match["model"], cast(Format, match["value"]))

    @property
    def path(self) -> Path:
        """Path of the model file."""
        return shipped_models().get(self.model, Path(self.model))
