"""The declared keys that are in force, as the server was given them."""
