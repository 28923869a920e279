"""From the host's answers to the bytes of a report."""
