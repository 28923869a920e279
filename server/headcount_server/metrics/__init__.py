"""What Prometheus scrapes: the published totals for everyone, the server's own for its operator."""
