"""Everything that opens a connection."""
