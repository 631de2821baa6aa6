"""Appeals: what is shown of one submission, what changed in it, and its history."""
