"""The three calls, and the weeks that they count in."""
