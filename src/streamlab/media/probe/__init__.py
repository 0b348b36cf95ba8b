"""What a source is: read for a moment, and described."""

from streamlab.media.probe.reading import Reading
from streamlab.media.probe.report import ProbeReport

__all__ = ["ProbeReport", "Reading"]
