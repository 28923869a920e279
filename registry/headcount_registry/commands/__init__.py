"""The commands of `headcount-registry`: a file for each, and their output on a terminal."""
