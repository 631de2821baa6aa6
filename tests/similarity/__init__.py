"""Which submissions are alike."""
