"""The publication of a closed week: its totals, rounded by the threshold, and their formats."""
