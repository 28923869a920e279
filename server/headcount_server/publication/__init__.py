"""Turns the totals of a closed week into published ones by its threshold, and into their forms."""
