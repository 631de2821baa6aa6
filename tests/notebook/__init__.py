"""`check()` in a notebook."""
