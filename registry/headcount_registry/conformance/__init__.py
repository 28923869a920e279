"""What every client must agree on, as data, and the run that proves a client by it."""
