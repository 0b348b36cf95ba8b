"""Keeps the annotated channels of a camera together with raw."""
