"""The wire: events and requests, their bytes and their parsing, by msgspec. No clock, no IO."""
