"""Measurements and recipes; run from the repository's root."""
