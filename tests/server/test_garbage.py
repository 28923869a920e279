"""A server looks for garbage less often than Python does by default."""

from __future__ import annotations

import json
import subprocess
import sys

from headcount_server.commands.garbage import THRESHOLDS

LOOKING = """
import gc, json
from headcount_server.commands.garbage import collect_seldom
usual = gc.get_threshold()
collect_seldom()
print(json.dumps([usual, gc.get_threshold(), gc.get_freeze_count()]))
"""


def test_a_server_looks_for_garbage_seldom_and_not_among_what_it_keeps() -> None:
    done = subprocess.run([sys.executable, "-c", LOOKING], check=True, capture_output=True)
    usual, seldom, kept = json.loads(done.stdout)
    assert tuple(seldom[:2]) == THRESHOLDS[:2]  # Python 3.14 has no third
    assert seldom[0] > usual[0]
    assert kept > 1000
