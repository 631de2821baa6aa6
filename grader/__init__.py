"""Grade convolutional networks: captured as graphs, trained alike, scored on held-out pictures."""
