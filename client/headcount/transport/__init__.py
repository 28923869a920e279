"""The connections to the server: gRPC and HTTP."""
