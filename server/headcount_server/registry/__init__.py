"""The registry in force: the declared keys that the server counts."""
