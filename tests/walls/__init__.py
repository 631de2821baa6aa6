"""Tests of the walls themselves."""
