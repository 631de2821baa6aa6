"""A captured model: the wire format, the allow-list, the interpreter, and what a graph says about a design."""
