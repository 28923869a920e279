"""A demonstration: simulated installations live through weeks of reporting.

Everything is real: generated clients with their own consent and state, gRPC, the
server, its database, the close. Only the clock and the facts are made up. No other
package of the server may import the client.
"""
