"""What Prometheus scrapes: published totals for everyone, the server's state for its operator."""
