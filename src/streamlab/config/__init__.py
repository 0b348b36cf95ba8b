"""What belongs to a camera, the file that it is written in, and the store of those added later."""
