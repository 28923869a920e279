"""A person's decision, and what follows from it. Pure, except `decision`."""
