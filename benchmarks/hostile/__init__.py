"""A server that is attacked while others watch: what the others notice of it."""
