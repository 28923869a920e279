"""Metrics for Prometheus: published totals for everyone, the server's state for its operator."""
