"""Live cameras in a notebook or a script, beside the code that works on them."""
