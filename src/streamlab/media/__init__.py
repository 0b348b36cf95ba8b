"""Video input and output through PyAV: sources, decoding, drawing surfaces and encoding."""
