"""The pages: what is on them, what never is, and that a browser shows them."""
