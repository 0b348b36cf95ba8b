"""The reading side of a camera's channels: rings, cursors, connections."""
