"""Shapes of tensors; those of records leave out the batch axis: `(3, 32, 32)` is one picture."""

Shape = tuple[int, ...]
