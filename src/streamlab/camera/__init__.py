"""The stages of one camera, from source to finished fragments, with bounded queues between."""

from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import DetectionTimed, SourceChanged
from streamlab.camera.pipeline import AnnotatedChannel, CameraPipeline

__all__ = [
    "AnnotatedChannel",
    "CameraPipeline",
    "DetectionService",
    "DetectionTimed",
    "SourceChanged",
]
