"""Our code on an untrusted graph: examine it, train it, answer the held-out pictures."""
