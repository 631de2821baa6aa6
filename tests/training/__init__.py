"""Training: the recipe, the trainer and the examination of a graph."""
