"""Tests of the explanation."""
