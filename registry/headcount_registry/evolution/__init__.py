"""Permanence from release to release: numbers, the lock, and what a change breaks."""
