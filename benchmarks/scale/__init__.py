"""How many cameras one machine carries, and what managing thousands of streams costs."""
