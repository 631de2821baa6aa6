"""Tiny submissions, one mistake each, and what the grader has to say about them."""
