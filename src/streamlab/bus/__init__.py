"""The boundary between a camera and its viewers, and its transports: only in-process so far."""
