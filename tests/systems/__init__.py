"""`grader check` as other systems run it."""
