"""One camera at work: threads from the source to finished fragments, bounded in between."""

from streamlab.pipeline.camera import AnnotatedChannel, CameraPipeline
from streamlab.pipeline.detection import DetectionService
from streamlab.pipeline.frame import DetectionTimed, SourceChanged

__all__ = [
    "AnnotatedChannel",
    "CameraPipeline",
    "DetectionService",
    "DetectionTimed",
    "SourceChanged",
]
