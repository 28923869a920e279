"""Drafts of declarations, from what already runs: payloads, and hooks of PHP modules."""
