"""The three calls of the service, and the weeks that they count in."""
