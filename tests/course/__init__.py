"""The course file, and what follows from it."""
