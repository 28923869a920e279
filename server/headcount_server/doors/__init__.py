"""The ways for a request to come in: gRPC, HTTP, and the forms of old and foreign clients."""
