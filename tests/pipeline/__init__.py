"""The whole pipeline on the examples."""
