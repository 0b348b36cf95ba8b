"""Child processes: started, seen to end, and sent messages."""
