"""Plain values without I/O: projects, weeks, deadlines, errors."""
