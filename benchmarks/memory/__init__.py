"""What one more camera takes: memory and CPU, by what of it is encoded."""
