"""The module's pure part agrees with every other client: the conformance kit, put to real PHP."""

from __future__ import annotations

import json
import subprocess

from support.backdrop_site import KIT, MODULE
from support.server_process import BIN, installed

OF_OTHERS = {
    *("envelope_binary", "response_binary", "shared_history"),
    *("oblivious_request_aes", "oblivious_response_aes"),
}
"""The module speaks JSON, a site keeps its secret in its database, which replicas share, and
sodium has no AES on every processor."""


def test_the_module_keeps_all_that_it_claims() -> None:
    done = subprocess.run(
        [
            *(BIN / "headcount-registry", "conformance", "--format", "json", "--"),
            *(installed("php"), KIT, MODULE / "includes"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["trouble"]) == (0, [], "")
    assert {each["operation"] for each in told["untried"]} == OF_OTHERS
