"""The way to this user's warm helper: a process that `grader check` leaves behind, so that the next one is instant.

A check that finds no helper, or one that is too old, busy, stuck or mad, is done from cold with the same result.
Nothing here imports more than the standard library: it is what a command needs that only asks.
"""
