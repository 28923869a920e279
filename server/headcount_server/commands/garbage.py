"""How often Python looks for garbage while a server takes reports."""

from __future__ import annotations

import gc

THRESHOLDS = 10_000, 10, 10
"""New objects after which Python looks through the youngest, and looks after which it goes on to
older ones. By default, a look follows every 700 objects (Python 3.11), a few reports' worth, and
finds them all in use."""


def collect_seldom() -> None:
    """Look for garbage less often, and never again among the objects made so far.

    These live until the server ends.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
