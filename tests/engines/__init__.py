"""Tests of the seam and of what runs behind it."""
