"""What a person decided, and what follows from it: pure but for `decision`."""
