"""What a browser presents, read off its pixels: switches, and the time since the capture."""
