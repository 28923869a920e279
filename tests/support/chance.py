"""Chance in tests: the same at every run, and drawn again for the long forms.

`HEADCOUNT_SEED` is its seed: a hexadecimal number repeats a run, and `new` draws one. A
failure prints the seed. Hypothesis follows it too, and without a seed tries the same
examples on any day. The tokens of reports still come from `os.urandom`: they must differ
from all others, and nothing else about them matters.
"""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, core, settings

_USUAL = "7"
_LONG = (
    "HEADCOUNT_CYCLES",
    "HEADCOUNT_EXAMPLES",
    "HEADCOUNT_FUZZ_SECONDS",
    "HEADCOUNT_POSTGRES_STORIES",
    "HEADCOUNT_POWER_CUTS",
    "HEADCOUNT_REQUESTS",
)
"""The variables that switch on a long form, which tries more random cases."""


def _seed() -> str:
    usual = "new" if any(name in os.environ for name in _LONG) else _USUAL
    asked = os.environ.get("HEADCOUNT_SEED", usual)
    return os.urandom(4).hex() if asked == "new" else asked


# In the environment, so that the workers of one run have one seed.
SEED = os.environ["HEADCOUNT_SEED"] = _seed()


def of(what: str) -> random.Random:
    """Return a random generator for one purpose, independent of all others."""
    return random.Random(f"{what} {SEED}")  # noqa: S311 - to be repeated, not secret


def settle() -> None:
    """Let Hypothesis follow the seed, keep no example in a clone, and ignore the time."""
    settings.register_profile(
        "headcount",
        database=None,
        deadline=None,
        derandomize=SEED == _USUAL,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("headcount")
    if SEED != _USUAL:
        core.global_force_seed = int(SEED, 16)  # type: ignore[assignment] # None until then
