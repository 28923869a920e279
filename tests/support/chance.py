"""Chance in tests: the same at every run, and drawn anew for the long forms.

`HEADCOUNT_SEED` says what it follows from: a number in hexadecimal repeats a run,
`new` draws one. Whatever fails tells the seed. Hypothesis follows it too; without one
it tries the same examples on any day. Tokens of reports are made by `os.urandom` all
the same: they have to differ from all others, and nothing else about them matters.
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
)
"""Variables that switch on a long form which tries more of what chance brings."""


def _seed() -> str:
    usual = "new" if any(name in os.environ for name in _LONG) else _USUAL
    asked = os.environ.get("HEADCOUNT_SEED", usual)
    return os.urandom(4).hex() if asked == "new" else asked


# In the environment, so that the workers of one run have one seed.
SEED = os.environ["HEADCOUNT_SEED"] = _seed()


def of(what: str) -> random.Random:
    """Return a generator for one purpose, which no other one disturbs."""
    return random.Random(f"{what} {SEED}")  # noqa: S311 - to be repeated, not secret


def settle() -> None:
    """Have Hypothesis follow the seed, keep no example in a clone, and not look at the time."""
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
