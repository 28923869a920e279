"""The log of publications as others see it: signed heads, proofs, and what verifies them."""
