"""The store on SQLite: one file, one writing connection, group commit."""
