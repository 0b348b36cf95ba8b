"""Identifies the layout of a model's outputs by evidence, or rejects the model.

The exporters' layouts overlap: ``[batch, n, 6]`` is an end-to-end model, a YOLOv5 or YOLOX of one
class, or an RT-DETR. A layout that any evidence contradicts is ruled out. If several remain, only
those with supporting evidence count; if that does not leave exactly one, the model is rejected and
the user must state the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamlab.detect.onnx_evidence import BOX_FIELDS, Case, find_cases
from streamlab.detect.onnx_metadata import Metadata
from streamlab.detect.onnx_output import (
    END2END,
    NAMED_OUTPUTS,
    RTDETR_NAMED,
    RTDETR_SCORES,
    YOLOV5,
    YOLOV8,
    YOLOX,
    Format,
    Layout,
    yolox_strides,
)
from streamlab.detect.onnx_probe import Probe
from streamlab.errors import ModelFormatError

EXPORT_HINT = "Export a detection model with `yolo export model=yolo26n.pt format=onnx`."
_MASK_COEFFICIENTS = 32
_MOST_OUTPUTS_NAMED = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """The layout by which a model's outputs are read, and the evidence for it."""

    layout: Layout
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.layout.name}: {', '.join(self.evidence)}"


def identify(
    outputs: Mapping[str, NDArray[np.generic]],
    metadata: Metadata,
    input_size: tuple[int, int],
    *,
    model: str,
    wanted: Format | None = None,
    takes_sizes: bool = False,
) -> Reading:
    """Identify how the outputs of a model are read.

    Args:
        outputs: by name, for a batch that starts with the probe picture.
        metadata: the model's metadata.
        input_size: width and height of the probe picture, px.
        model: the model's name, for error messages.
        wanted: the format that the user states; only the shape can contradict it.
        takes_sizes: True if the model takes the pictures' sizes as its second input.

    Raises:
        ModelFormatError: the model is of another kind, or could be read in several ways.
    """
    if takes_sizes or outputs.keys() >= set(NAMED_OUTPUTS):
        return _identify_named(outputs, model, wanted, takes_sizes=takes_sizes)
    output = boxes_output(outputs)
    if output is None:
        raise _other_outputs(outputs, model)
    probe = Probe(output[0].astype(np.float32), input_size, metadata)
    cases = list(find_cases(probe))
    if not cases:
        raise _no_layout(probe, model)
    if wanted is not None:
        return _as_asked_for(cases, wanted, probe, model)
    possible = [case for case in cases if not case.contra]
    supported = [case for case in possible if case.pro]
    for choice in (possible, supported):
        if len(choice) == 1:
            return Reading(choice[0].layout, tuple(choice[0].pro or ("nothing else fits",)))
    raise _undecided(possible or cases, probe, model)


def boxes_output(outputs: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic] | None:
    """Return the one output of ``(batch, n, fields)`` or ``(batch, fields, n)`` numbers, if any.

    Outputs of five axes are ignored: exports of YOLOv5 before 6.1 return their grids as well.
    """
    flat = [output for output in outputs.values() if output.ndim != 5]
    if len(flat) != 1 or flat[0].ndim != 3 or flat[0].dtype.kind != "f":
        return None
    return flat[0] if flat[0].shape[0] else None


def _identify_named(
    outputs: Mapping[str, NDArray[np.generic]],
    model: str,
    wanted: Format | None,
    *,
    takes_sizes: bool,
) -> Reading:
    nothing = np.zeros(0, np.object_)
    labels, boxes, scores = (outputs.get(name, nothing) for name in NAMED_OUTPUTS)
    fits = boxes.ndim == 3 and boxes.shape[2] == BOX_FIELDS
    fits = fits and labels.shape == scores.shape == boxes.shape[:2]
    fits = fits and all(output.dtype.kind in "fiu" for output in (labels, boxes, scores))
    if fits and takes_sizes and wanted in (None, "rtdetr"):
        return Reading(RTDETR_NAMED, ("outputs labels, boxes, scores", "input orig_target_sizes"))
    lacks = "" if takes_sizes else " without an input orig_target_sizes"
    wrong = f"not what {wanted} gives" if takes_sizes and fits else "not what RT-DETR exports"
    raise ModelFormatError(
        f"'{model}' gives {_shapes(outputs)}{lacks}: {wrong}",
        hint="Export RT-DETR with its own tools/export_onnx.py, or with Ultralytics.",
    )


def _as_asked_for(cases: Sequence[Case], wanted: Format, probe: Probe, model: str) -> Reading:
    """Return the reading of the requested format; the values choose among its layouts."""
    formats = ("yolox", "yolox-decoded") if wanted == "yolox" else (wanted,)
    family = [case for case in cases if case.layout.format in formats]
    if not family:
        raise ModelFormatError(
            f"'{model}' cannot be read as {wanted}: it gives {_about(probe)}",
            hint=f"Its shape allows {_options(cases)}.",
        )
    best = min(family, key=lambda case: (len(case.contra), -len(case.pro)))
    if not _can_be_decoded(best, probe):
        width, height = probe.input_size
        raise ModelFormatError(
            f"'{model}' gives {_about(probe)}, not a row for each cell of {width}x{height} px at "
            "strides 8, 16 and 32: the boxes cannot be decoded",
            hint="Export it with --decode_in_inference and say #format=yolox-decoded.",
        )
    return Reading(best.layout, ("as asked for", *best.pro))


def _can_be_decoded(case: Case, probe: Probe) -> bool:
    """Return False if the layout is YOLOX and the grid cells of its boxes are unknown."""
    return case.layout is not YOLOX or bool(yolox_strides(len(probe.output), probe.input_size))


def _undecided(choices: Sequence[Case], probe: Probe, model: str) -> ModelFormatError:
    why = "; ".join(
        f"{case.layout.name}: {', '.join(case.contra or case.pro) or 'nothing speaks for it'}"
        for case in choices
    )
    contradicted = any(case.contra for case in choices)
    verdict = "fits no format" if contradicted else f"could be {_options(choices)}"
    decodable = [case for case in choices if _can_be_decoded(case, probe)]
    options = " or ".join(f"{model}#format={name}" for name in _formats(decodable))
    return ModelFormatError(
        f"'{model}' gives {_about(probe)} and {verdict} ({why})",
        hint=f"If you know which it is, say so: {options}.",
    )


def _no_layout(probe: Probe, model: str) -> ModelFormatError:
    known = probe.metadata.class_count
    with_masks = BOX_FIELDS + (known or 0) + _MASK_COEFFICIENTS
    if known is not None and with_masks in (probe.output.shape[0], probe.output.shape[1] - 1):
        wrong = "coefficients of masks follow the classes, so it is a model for segmentation"
    else:
        layouts = (YOLOV8, YOLOV5, END2END, RTDETR_SCORES)
        wrong = "neither " + " nor ".join(layout.shape for layout in layouts)
    return ModelFormatError(f"'{model}' gives {_about(probe)}: {wrong}", hint=EXPORT_HINT)


def _other_outputs(outputs: Mapping[str, NDArray[np.generic]], model: str) -> ModelFormatError:
    if sorted(output.ndim for output in outputs.values()) == [3, 4]:
        wrong = "boxes and prototypes of masks, so it is a model for segmentation, not detection"
    else:
        wrong = "neither one output [batch, n, fields] nor labels, boxes and scores"
    return ModelFormatError(f"'{model}' gives {_shapes(outputs)}: {wrong}", hint=EXPORT_HINT)


def _about(probe: Probe) -> str:
    count = probe.metadata.class_count
    classes = "no class names" if count is None else f"{count} class names"
    rows, columns = probe.output.shape
    return f"[batch, {rows}, {columns}] and has {classes}"


def _formats(cases: Sequence[Case]) -> list[Format]:
    return list(dict.fromkeys(case.layout.format for case in cases))


def _options(cases: Sequence[Case]) -> str:
    return " or ".join(_formats(cases))


def _shapes(outputs: Mapping[str, NDArray[np.generic]]) -> str:
    shown = list(outputs.items())[:_MOST_OUTPUTS_NAMED]
    return ", ".join(f"{name} {list(output.shape)}" for name, output in shown)
