"""Reads a source briefly and describes it."""

from streamlab.media.probe.reading import Reading
from streamlab.media.probe.report import ProbeReport

__all__ = ["ProbeReport", "Reading"]
