"""The compiler of headcount declarations: `.info` files in, schema and typed clients out."""
