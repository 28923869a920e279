# Written by headcount-registry from the declarations of contrib; do not edit.
"""The command line for those who run Contributed module.

`python -m contrib_telemetry --help` says what it can do; a host that
keeps this package under another name has it under that name.
"""

from __future__ import annotations

import sys

from headcount.generated import run

from ._project import PROJECT

if __name__ == "__main__":
    sys.exit(run(PROJECT, __package__))
