"""Tests of rubrics: what a rubric says in words, and what it asks of networks."""
