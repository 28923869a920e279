"""The ways for a request to come in: gRPC, HTTP, and the formats of old and foreign clients."""
