"""Exports for learning platforms."""
