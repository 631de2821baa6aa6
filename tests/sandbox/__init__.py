"""The sandbox: frames, jobs, limits, and what student code can do in it."""
