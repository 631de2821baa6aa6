"""A student's notebook as HTML that does nothing and is small; runs in the sandbox."""
