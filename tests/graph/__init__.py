"""The graph: document, operators, replay and what is read from it."""
