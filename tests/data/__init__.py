"""Tests of the pictures; none of them imports torch."""
