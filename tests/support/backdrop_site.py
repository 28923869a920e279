"""Sites of Backdrop for the tests of its module: a stand-in of the API, run by real PHP."""

from __future__ import annotations

import base64
import copy
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.repository import ROOT, TESTS
from support.server_process import installed

MODULE = ROOT / "registry" / "generated" / "backdrop" / "headcount"
PROGRAM = TESTS / "backdrop" / "site.php"
KIT = TESTS / "backdrop" / "conformance.php"

Json = Any

CORE = ("block", "ckeditor5", "color", "file", "node", "system", "update", "user", "views")
STANDARD: dict[str, Json] = {
    "settings": {},
    "code": [],
    "database": ["mysql", "10.11.19-MariaDB-0+deb12u1"],
    "rows": {"users": 12, "node": 5, "file_managed": 3},
    "config": {
        "system.core": {"clean_url": 1, "theme_default": "basis"},
        "admin_bar.settings": {"position_fixed": 1},
    },
    "conf_path": ".",
    "modules": {name: {"name": name} for name in (*CORE, "headcount", "telemetry", "house")},
    "paths": {
        **{name: f"core/modules/{name}" for name in (*CORE, "telemetry")},
        "house": "modules/house",
        "headcount": "modules/headcount",
    },
    "types": {"page": {"revision_enabled": 0}, "post": {"revision_enabled": 1}, "shift": {}},
    "fields": [{"type": "text_long"}, {"type": "image"}, {"type": "house_field"}],
    "roles": {
        "anonymous": {"label": "Anonym", "permissions": []},
        "authenticated": {"label": "Angemeldet", "permissions": []},
        "editor": {"label": "Editor", "permissions": ["administer nodes", "create files"]},
        "lodger": {"label": "Lodger", "permissions": []},
    },
    "languages": {"en": {}, "de": {}},
    "themes": {"basis": 1, "seven": 1, "stark": 0},
    "schemes": {"default": {"colors": {"base": "#fff"}}, "ice": {"colors": {"base": "#eef"}}},
    "palettes": {"basis": None, "seven": {"base": "#eef"}},
    "layouts": {"boxton": False, "house": False, "sutro": True},
    "views": [["default", "block", "page"], ["default", "block"]],
    "path": "admin/content",
    "permissions": ["administer headcount", "access site reports"],
}
"""A site of the standard profile, with a module, a layout, a role and a field of its own."""


@dataclass
class BackdropSite:
    """A site in a folder; what it does is done by a PHP process of its own."""

    folder: Path
    environment: dict[str, str]
    parts: dict[str, Json] = field(default_factory=lambda: copy.deepcopy(STANDARD))
    php: tuple[str, ...] = ()
    module_code: Path = MODULE

    def module(self, name: str, code: str, info: str = "", **parts: str) -> None:
        """Enable a contributed module with this code and this .info file."""
        folder = self.folder / name
        folder.mkdir()
        (folder / f"{name}.info").write_text(info, encoding="utf-8")
        (folder / f"{name}.module").write_text(f"<?php\n{code}", encoding="utf-8")
        self.parts["modules"][name] = {"name": name, **parts}
        self.parts["paths"][name] = str(folder)
        self.parts["code"].append(str(folder / f"{name}.module"))

    def declare(self, project: str, **parts: str) -> None:
        """Let the declarations of a project say something else, in a copy of the module."""
        if self.module_code == MODULE:
            self.module_code = shutil.copytree(MODULE, self.folder / "module")
        path = self.module_code / "projects" / f"{project}.json"
        declared = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(declared | parts), encoding="utf-8")

    def prepare(self) -> None:
        """Write down what the site has, in one step, since what was begun may read it just now."""
        draft = self.folder / "site.new"
        draft.write_text(json.dumps(self.parts), encoding="utf-8")
        draft.replace(self.folder / "site.json")

    def ran(
        self, do: str, given: Json = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Do one thing, whatever comes of it."""
        return subprocess.run(
            self._command(do, given),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def begin(self, do: str) -> subprocess.Popen[bytes]:
        """Begin to do one thing."""
        return subprocess.Popen(self._command(do), env=self.environment, stdout=subprocess.DEVNULL)

    def _command(self, do: str, given: Json = None) -> list[str | Path]:
        self.prepare()
        words = [] if given is None else [json.dumps(given)]
        php = self.php or (installed("php"),)
        return [*php, PROGRAM, self.folder, self.module_code, do, *words]

    def do(self, do: str, given: Json = None, **environment: str) -> Json:
        """Do one thing and return what came of it; nothing else may be printed."""
        done = self.ran(do, given, **environment)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)

    def later(self, seconds: float, do: str, given: Json = None) -> Json:
        """Do one thing as if it was later; than the day that the tests have, if that is shifted."""
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        assert libraries, "libfaketime is missing: run `make system-packages`"
        shift = float(self.environment.get("FAKETIME", "0")) + seconds
        # Without the wrapper, which leaves a semaphore behind if it is killed.
        return self.do(do, given, LD_PRELOAD=str(libraries[-1]), FAKETIME=f"{shift:+.0f}")

    def keep(self, project: str, kept: Json) -> None:
        """Replace what the site keeps of a project."""
        self.remember(f"headcount_project_{project}", json.dumps(kept))

    def remember(self, name: str, text: str) -> None:
        """Give a state variable a text, as PHP serializes it."""
        path = self.folder / "state.json"
        states = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        value = f's:{len(text.encode())}:"{text}";'
        states[name] = base64.b64encode(value.encode()).decode()
        path.write_text(json.dumps(states), encoding="utf-8")

    def kept(self) -> str:
        """Return everything that the site keeps, as it stands in its state."""
        path = self.folder / "state.json"
        states = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        lines = (f'"{name}": {base64.b64decode(value).decode()}' for name, value in states.items())
        return "\n".join(lines)
