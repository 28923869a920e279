"""The compiler of headcount declarations, from `.info` files to schema and typed clients."""
