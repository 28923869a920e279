"""How a request comes in: gRPC, HTTP, and the forms that old and foreign clients speak."""
