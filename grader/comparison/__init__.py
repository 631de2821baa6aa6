"""What changed between two reports on one submission, and why."""

from grader.comparison.reports import (
    Comparison,
    LayerChange,
    LayerKind,
    PointsChange,
    Version,
    compare,
    intervals_overlap,
)

__all__ = ["Comparison", "LayerChange", "LayerKind", "PointsChange", "Version", "compare", "intervals_overlap"]
