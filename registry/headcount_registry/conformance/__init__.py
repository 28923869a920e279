"""The rules that all clients share, as data, and the run that tests a client by them."""
