"""Detections on frames of the synthetic street, with their ground truth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import supervision as sv
from tqdm.auto import tqdm

from streamlab.analysis.table import write_whole
from streamlab.core.time.timebase import frame_pts
from streamlab.detect.classes import class_names
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.detect.scripted import truth_detector
from streamlab.detect.shipped import DEFAULT_MODEL
from streamlab.media.picture import Picture
from streamlab.street.scene import Street

PROBES = (0, 1000)
_PARTS = {"xyxy": pa.float32(), "confidence": pa.float32(), "class_name": pa.string()}
_RESULT = pa.struct({part: pa.list_(kind) for part, kind in _PARTS.items()})
_SCHEMA = pa.schema({"pts": pa.int64(), "found": _RESULT, "truth": _RESULT})


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """Detections and ground truth of each frame of a video, by pts, with class names."""

    width: int
    height: int
    found: Mapping[int, sv.Detections]
    truth: Mapping[int, sv.Detections]


def street_detections(
    street: Street,
    numbers: Iterable[int],
    detector: Detector | None = None,
    *,
    cache: str | Path | None = None,
    progress: bool = True,
) -> LabelledVideo:
    """Run a detector on frames of the synthetic street.

    Args:
        numbers: the numbers of the frames.
        detector: None: the shipped model, on one thread.
        cache: folder in which the results are kept as Parquet for the next call; another street,
            model or set of frames makes another file. None: they are not kept.

    Raises:
        TraceWriteError: the file cannot be written.
    """
    numbers = list(numbers)
    detector = detector or load_detector(DEFAULT_MODEL, threads=1)
    path = cache and Path(cache) / f"street-{_fingerprint(street, numbers, detector)}.parquet"
    if path and path.exists():
        rows = pq.read_table(path)
    else:
        shown = tqdm(numbers, "running the detector", leave=False, disable=not progress)
        rows = pa.Table.from_pylist(
            [_row(street, number, detector) for number in shown], schema=_SCHEMA
        )
        if path:
            write_whole(rows, path)
    frames = rows.to_pylist()
    return LabelledVideo(
        street.width,
        street.height,
        found={frame["pts"]: _detections(frame["found"]) for frame in frames},
        truth={frame["pts"]: _detections(frame["truth"]) for frame in frames},
    )


def _row(street: Street, number: int, detector: Detector) -> dict[str, Any]:
    picture = Picture.from_planes(street.draw(number), frame_pts(number, street.fps))
    (found,), (truth,) = detector.detect([picture]), truth_detector(street).detect([picture])
    return {"pts": picture.pts, "found": _parts(found), "truth": _parts(truth)}


def _parts(result: sv.Detections) -> dict[str, list[Any]]:
    scores = np.ones(len(result)) if result.confidence is None else result.confidence
    return {
        "xyxy": result.xyxy.ravel().tolist(),
        "confidence": scores.tolist(),
        "class_name": class_names(result),
    }


def _detections(parts: dict[str, list[Any]]) -> sv.Detections:
    return sv.Detections(
        xyxy=np.array(parts["xyxy"], np.float32).reshape(-1, 4),
        confidence=np.array(parts["confidence"], np.float32),
        data={"class_name": np.array(parts["class_name"], np.str_)},
    )


def _fingerprint(street: Street, numbers: list[int], detector: Detector) -> str:
    """Return a name for the results that changes with whatever could change them."""
    digest = hashlib.sha256(repr((numbers, street.fps, detector.name)).encode())
    for number in PROBES:
        digest.update(street.draw(number).tobytes())
        digest.update(repr(_row(street, number, detector)).encode())
    return digest.hexdigest()[:16]
