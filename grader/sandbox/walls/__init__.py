"""The walls around a child: what it can see, call and use up, and the proof that they stand."""
