"""One camera at work: threads from the source to finished fragments, bounded in between."""

from streamlab.pipeline.camera import CameraPipeline, SourceChanged
from streamlab.pipeline.detection import DetectionService
from streamlab.pipeline.frame import DetectionTimed

__all__ = ["CameraPipeline", "DetectionService", "DetectionTimed", "SourceChanged"]
