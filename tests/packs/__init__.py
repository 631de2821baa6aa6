"""What takes the grader to other machines: files for GitHub, an archive for Gradescope, run as they are run there."""
