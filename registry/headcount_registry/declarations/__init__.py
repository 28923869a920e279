"""Declarations as values: the draft, the resolved model, and its digests."""
