"""The question: as data, in a terminal, in words."""
