"""The wire protocol: events, encoded and parsed with msgspec, and status. No clock, no IO."""
