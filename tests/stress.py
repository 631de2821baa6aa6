"""Tests that `make stress` runs: those that take long and have a quicker one of their kind beside them."""

from __future__ import annotations

import os

import pytest

STRESS = "GRADER_STRESS" in os.environ
"""Whether suites run at their full length."""

stress = pytest.mark.skipif(not STRESS, reason="stress: a quicker one of its kind runs every time")
