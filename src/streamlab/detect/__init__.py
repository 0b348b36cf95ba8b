"""Detectors, tracking of their boxes, and drawing."""
