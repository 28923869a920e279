# Written by headcount-registry from the declarations of shop; do not edit.
"""The command line for people who run Shop.

`python -m shop_telemetry --help` lists its commands. In a host that
vendors this package under another name, use that name.
"""

from __future__ import annotations

import sys

from headcount.generated import run

from ._project import PROJECT

if __name__ == "__main__":
    sys.exit(run(PROJECT, __package__))
