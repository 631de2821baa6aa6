"""Student code in a child process: bytes of a submission in, a captured model out."""
