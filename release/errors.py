"""The one exception of a release."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release that cannot be made; the text says why, and the remedy."""
