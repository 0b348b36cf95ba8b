"""Media time, clocks and rates."""
