"""The door behind a relay: sealed requests (RFC 9458), whose senders the server never meets."""
