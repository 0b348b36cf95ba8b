"""Keeps the annotated channels of a camera synchronized with raw."""
