"""Turns the bytes of a report into totals, without clock, disk or network."""
