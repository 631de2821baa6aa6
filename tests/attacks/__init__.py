"""Attacks on the border between the grader and processes that it does not trust."""
