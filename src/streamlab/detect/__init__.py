"""Detectors and the drawing of what they found."""
