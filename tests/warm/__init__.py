"""The warm helper and `--watch`."""
