"""Wire forms of what the core carries, made by msgspec. No clock and no IO."""
