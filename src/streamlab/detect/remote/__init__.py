"""Detectors in another process than their cameras: clients, servers, and supervised processes."""
