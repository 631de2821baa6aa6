"""Tests of the Containerfile, without an engine."""
