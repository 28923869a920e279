"""From the bytes of a report to numbers: pure, without clock, disk or network."""
