"""Take the grader to where students hand in: files for a GitHub repository, an archive for Gradescope."""
