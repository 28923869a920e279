"""A server looks for garbage less often than Python does by default."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from headcount_server.commands.garbage import THRESHOLDS
from support.server_process import THURSDAY, ServerProcess

TELLING = f"""\
#!{sys.executable}
import atexit, gc, json, sys
from headcount_server.cli import main

def tell():
    print(json.dumps([gc.get_threshold(), gc.get_freeze_count()]), file=sys.stderr)

atexit.register(tell)
main()
"""
"""The server's program, which ends by telling how it looked for garbage."""


def test_a_server_looks_for_garbage_seldom_and_not_among_what_it_keeps(
    toy_registry: Path, tmp_path: Path
) -> None:
    program = tmp_path / "headcount-server"
    program.write_text(TELLING, encoding="utf-8")
    program.chmod(0o700)
    server = ServerProcess(toy_registry, tmp_path, THURSDAY, program=program)
    server.start()
    assert server.stop() == 0
    seldom, kept = json.loads(server.errors().splitlines()[-1])
    assert tuple(seldom[:2]) == THRESHOLDS[:2]  # Python 3.14 has no third
    assert seldom[0] > gc.get_threshold()[0]
    assert kept > 10_000
