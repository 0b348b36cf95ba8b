"""Servers whose cameras run in worker processes: their viewers, and what they hold."""
