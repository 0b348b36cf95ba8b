"""Camera configuration: its fields, the configuration file, the store of cameras added later."""
