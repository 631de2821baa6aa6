"""From bytes to cells of plain Python: notebooks of any version, modules of any Python, and what is broken in them."""
