"""One camera at work: threads from the source to finished fragments, bounded in between."""

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
