"""The package: what is built, and what runs once it is installed somewhere else."""
