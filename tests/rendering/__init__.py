"""Notebooks laid out for the pages: what is shown, what stays behind, and that nothing of it acts."""
