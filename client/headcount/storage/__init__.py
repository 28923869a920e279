"""The state directory, and everything else that touches the disk."""
