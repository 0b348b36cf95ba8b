"""What the form for a new camera offers: the models, and words on what may be opened here."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.media.spec import SourceKind, SourcePolicy
from streamlab.viewers.model_choices import NONE, TRUTH, ModelChoices

MORE = "The server's options --allow-scheme and --allow-folder add more."
_FORMS = {
    SourceKind.RTSP: "rtsp://host/path",
    SourceKind.HTTP: "http(s)://host/path",
    SourceKind.UDP: "udp://host:port",
    SourceKind.WEBCAM: "webcam://0",
    SourceKind.SYNTHETIC: "synthetic://traffic",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Models by what is sent for them, in words; and help on sources and on model files."""

    models: list[tuple[str, str]]
    source_help: str
    file_help: str
    """Empty if no model file may be used."""

    @classmethod
    def of(cls, models: ModelChoices, policy: SourcePolicy) -> Choices:
        """Return the choices of a server. Called in the cameras' loop."""
        return cls(
            [
                ("", _default_words(models)),
                *((name, name) for name in models.named),
                (TRUTH, "ground truth, of synthetic scenes only"),
                (NONE, "none: not annotated"),
            ],
            _source_help(policy),
            f"An .onnx file in {_folders(policy)}." if models.folders else "",
        )


def _default_words(models: ModelChoices) -> str:
    synthetic, others = (models.default_of(kind) for kind in (SourceKind.SYNTHETIC, ""))
    if synthetic == others:
        return f"the server's: {synthetic}"
    return f"the server's: {synthetic} for synthetic scenes, {others} for others"


def _source_help(policy: SourcePolicy) -> str:
    kinds = [form for kind, form in _FORMS.items() if kind in policy.kinds]
    kinds += [f"{kind}://…" for kind in sorted(policy.kinds - set(_FORMS) - {SourceKind.FILE})]
    if policy.limits.folders:
        kinds.append(f"a video file in {_folders(policy)}")
    return f"Allowed here: {', '.join(kinds) or 'none'}. {MORE}"


def _folders(policy: SourcePolicy) -> str:
    return " or ".join(map(str, policy.limits.folders))
