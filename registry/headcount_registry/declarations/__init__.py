"""Declarations as values: drafted from files, checked, resolved, and summed up in a digest."""
