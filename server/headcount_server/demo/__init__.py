"""A demonstration: simulated installations live through weeks of reporting.

Everything on the way is real: generated clients with consent and state of
their own, gRPC, the server, its database, the close. Only the clock and the
facts are made up. This package alone may import the client.
"""
