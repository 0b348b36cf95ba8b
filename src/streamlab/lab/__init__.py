"""The laboratory in a notebook or a script: cameras, live, beside the code that works on them."""
