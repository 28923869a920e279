"""The module on a real Backdrop, if BACKDROP names the tree of an installed site that has it.

    make test T=tests/registry/backdrop BACKDROP=/path

The site's answer is lost. Without a tree this file has no test.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from support.backdrop_site import MODULE, BackdropSite

TREE = os.environ.get("BACKDROP", "")
ANSWERED_ANYWHERE = {
    "version",
    "php_version",
    "mysql_version",
    "server_os",
    "core_modules",
    "roles",
}
MAY_SAY_NOTHING = {"ckeditor_version", "ckeditor5_version", "install_version", "web_server"}
"""Keys that a site answers only with some releases, editors or web servers."""

if TREE:

    def test_a_real_site_answers_every_key_asks_first_and_deletes_what_it_kept(
        tmp_path: Path, clean_environment: dict[str, str]
    ) -> None:
        module = Path(TREE) / "modules" / "headcount"
        site = BackdropSite(tmp_path, clean_environment | {"BACKDROP": TREE}, module_code=module)
        told = site.do("collect")["backdrop"]
        assert told["answers"].keys() >= ANSWERED_ANYWHERE
        assert told["notes"].keys() <= MAY_SAY_NOTHING
        site.do("deny")
        assert site.do("send")["backdrop"] == "off"
        assert [hook for hook, names in site.do("implements").items() if "telemetry" in names] == []
        granted = site.do("grant", {"level": "extended", "refused": {"backdrop": []}})
        assert granted["rule"] == "granted"
        assert told["digest"] in json.dumps(site.do("report"))
        secret = granted["projects"]["backdrop"]["secret"]
        left = site.do("deny")
        assert (left["rule"], left["due"]) == ("denied", None)
        assert secret not in json.dumps(left)
        for path in module.rglob("*.*"):
            assert path.read_bytes() == (MODULE / path.relative_to(module)).read_bytes()
