"""The store of the tally: one contract, two engines, and the threads that write."""
