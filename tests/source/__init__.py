"""Tests of reading submissions, slicing them and finding their model."""
