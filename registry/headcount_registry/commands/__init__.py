"""The commands of `headcount-registry`: one file each, and what they say on a terminal."""
