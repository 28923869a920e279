"""The wire: stubs that protoc writes from proto/headcount/v1."""
