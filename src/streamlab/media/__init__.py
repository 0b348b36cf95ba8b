"""Pictures in and out: sources, decoding, drawing surfaces and encoding, through PyAV."""
