"""A source that draws a moving square, a detector that finds it, a renderer that marks it."""
