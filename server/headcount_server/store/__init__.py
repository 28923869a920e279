"""What keeps the tally: one contract, two engines, one writing thread."""
