"""Pictures with their labels: generated, read from disk, split and stored. Nothing here imports torch."""
