"""The channels of a camera as viewers read them: rings, cursors, connections."""
