"""The seam between a camera and its viewers, and its carriers: in process so far."""
