"""How far apart the two channels of a live camera arrive, measured from delivered bytes."""
