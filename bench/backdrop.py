"""A site of Backdrop CMS with the original's telemetry server, on PHP-FPM, nginx and MariaDB.

`BACKDROP` names a tree of Backdrop CMS. `BACKDROP_SERVER` names a tree of its Project module,
which has the server that receives; it can be left out if the tree of Backdrop has it below
`modules`. Both are copied, and a new site is installed from the copies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import servers
from servers import LOOPBACK

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support import mariadb_server
from support.mariadb_server import MariadbServer
from support.server_process import held_port
from support.waiting import until

CORE, SERVER = "BACKDROP", "BACKDROP_SERVER"
"""The variables of the environment."""
WORKERS = 4
"""Processes of PHP."""
_PACKAGES = "php-fpm, php-cli, php-gd, php-mbstring, php-mysql and php-xml"
_ENDPOINT = Path("project_telemetry", "project-telemetry-post.php")
_DATABASE = "original"
_WEB_USER = "www-data"

_SETTINGS = """\
<?php
$database = '{url}';
$config_directories['active'] = 'files/config/active';
$config_directories['staging'] = 'files/config/staging';
$settings['hash_salt'] = 'of a benchmark';
$settings['update_free_access'] = FALSE;
"""
_POOL = """\
[global]
error_log = {folder}/fpm.log
daemonize = no
[original]
{fpm_user}
listen = {folder}/fpm.socket
listen.mode = 0666
pm = static
pm.max_children = {workers}
php_admin_value[pdo_mysql.default_socket] = {database}
php_admin_value[error_log] = {folder}/php.log
php_admin_flag[log_errors] = on
"""
_NGINX = """\
daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log {folder}/nginx.log;
{nginx_user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {loopback}:{plain};
    listen {loopback}:{encrypted} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    location = /post {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {endpoint};
      fastcgi_pass unix:{folder}/fpm.socket;
    }}
  }}
}}
"""


class Trees(NamedTuple):
    """The trees of code that a site is made of."""

    core: Path
    server: Path

    @property
    def version(self) -> str:
        """The version of Backdrop CMS."""
        text = (self.core / "core" / "includes" / "bootstrap.inc").read_text(encoding="utf-8")
        found = re.search(r"define\('BACKDROP_VERSION', '([^']+)'\)", text)
        return found[1] if found else "of an unknown version"


def named(environment: Mapping[str, str]) -> Trees | None:
    """Return the trees that the environment names; None if it names none.

    Ends the program with the remedy if one of them is not what it should be.
    """
    if not environment.get(CORE):
        return None
    core = Path(environment[CORE]).resolve()
    if not (core / "core" / "scripts" / "install.sh").is_file():
        sys.exit(f"{CORE}: {core} has no core/scripts/install.sh: name a tree of Backdrop CMS")
    if environment.get(SERVER):
        server = Path(environment[SERVER]).resolve()
        if not (server / _ENDPOINT).is_file():
            sys.exit(f"{SERVER}: {server} has no {_ENDPOINT}: name a tree of its Project module")
        return Trees(core, server)
    found = sorted((core / "modules").rglob(str(_ENDPOINT)))
    if not found:
        sys.exit(
            f"{CORE}: {core} has no {_ENDPOINT} below modules: "
            f"name a tree of its Project module with {SERVER}"
        )
    return Trees(core, found[0].parents[1])


class Original:
    """A running site."""

    def __init__(self, trees: Trees, database: MariadbServer, ports: tuple[int, int]) -> None:
        self.plain, self.encrypted = ports
        self.pids: list[int] = [database.process.pid] if database.process else []
        self._database = database
        self._trees = trees

    def kept(self) -> int:
        """Return the number of sites whose answers it holds."""
        return self._ask("SELECT count(DISTINCT site_key) FROM project_telemetry_raw")

    def disk(self) -> int:
        """Return the bytes of its rows and indexes, as MariaDB tells them."""
        self._database.query("ANALYZE TABLE project_telemetry_raw", _DATABASE)
        return self._ask(
            "SELECT data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name = 'project_telemetry_raw'"
        )

    def _ask(self, query: str) -> int:
        ((number,),) = self._database.query(query, _DATABASE)
        return int(number)

    def words(self) -> str:
        """Return what it is made of."""
        ((mariadb,),) = self._database.query("SELECT version()")
        php = _output([_fpm(), "-v"]).split()[1]
        nginx = _output([servers.installed("nginx", "nginx"), "-v"]).strip().rpartition("/")[2]
        return (
            f"The original is Backdrop {self._trees.version} on PHP {php} ({WORKERS} processes), "
            f"nginx {nginx} and MariaDB {mariadb}, which keeps its own defaults."
        )


@contextmanager
def running(
    trees: Trees, folder: Path, identity: tuple[Path, Path], project: str, keys: Sequence[str]
) -> Iterator[Original]:
    """Yield a new site that takes a project's keys, until the block ends.

    All its processes run on the cores of this one. The folder must be one that others may enter.
    Ends the program with the remedy if a Debian package is missing.
    """
    servers.installed("mariadbd", "mariadb-server")
    nginx, manager = servers.installed("nginx", "nginx"), _fpm()
    with (
        mariadb_server.running(settings=()) as database,
        held_port() as plain,
        held_port() as encrypted,
    ):
        ports = plain.getsockname()[1], encrypted.getsockname()[1]
        site = _install(trees, folder / "site", database, project, keys)
        original = Original(trees, database, ports)
        fpm = _written(folder, "fpm.conf", _POOL, workers=WORKERS, database=database.socket)
        web = _written(
            folder, "nginx.conf", _NGINX, loopback=LOOPBACK, plain=ports[0], encrypted=ports[1],
            certificate=identity[0], key=identity[1],
            endpoint=site / "modules" / "project" / _ENDPOINT,
        )  # fmt: skip
        with (
            _started([manager, "--fpm-config", fpm], original),
            _started([nginx, "-p", folder, "-c", web], original),
        ):
            until(lambda: (folder / "fpm.socket").exists() and servers.listens(ports[1]))
            yield original


def _written(folder: Path, name: str, text: str, **values: object) -> Path:
    """Write a configuration, with the folder and a web user if this is root; return its file."""
    file, root = folder / name, os.geteuid() == 0
    user = {"fpm_user": f"user = {_WEB_USER}", "nginx_user": f"user {_WEB_USER};"}
    user = user if root else dict.fromkeys(user, "")
    file.write_text(text.format(folder=folder, **user, **values), encoding="utf-8")
    return file


@contextmanager
def _started(command: Sequence[str | Path], original: Original) -> Iterator[None]:
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        original.pids.append(process.pid)
        try:
            yield
        finally:
            process.terminate()


def _install(
    trees: Trees, site: Path, database: MariadbServer, project: str, keys: Sequence[str]
) -> Path:
    """Install a site into a folder; return it."""
    shutil.copytree(trees.core / "core", site / "core")
    shutil.copytree(trees.server, site / "modules" / "project")
    shutil.copy(trees.core / "index.php", site)
    for name in ("files", "themes", "layouts", "sites"):
        (site / name).mkdir()
    url = f"mysql://{_DATABASE}:{_DATABASE}@localhost/{_DATABASE}"
    (site / "settings.php").write_text(_SETTINGS.format(url=url), encoding="utf-8")
    database.query(f"CREATE DATABASE {_DATABASE} CHARACTER SET utf8mb4")
    database.query(
        f"GRANT ALL ON {_DATABASE}.* TO '{_DATABASE}'@'localhost' IDENTIFIED BY '{_DATABASE}'"
    )
    php = [servers.installed("php", "php-cli"), "-d", f"pdo_mysql.default_socket={database.socket}"]
    _do([*php, site / "core" / "scripts" / "install.sh", "minimal", f"--db-url={url}"], site)
    _do([*php, Path(__file__).with_name("project.php"), project, *keys], site)
    if os.geteuid() == 0:
        for path in (site, *site.rglob("*")):
            shutil.chown(path, _WEB_USER, _WEB_USER)
    return site


def _do(command: Sequence[str | Path], site: Path) -> None:
    done = subprocess.run(command, cwd=site, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(
            f"{done.stdout}{done.stderr}\nthe original cannot be installed; "
            f"it needs the Debian packages {_PACKAGES}"
        )


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _fpm() -> str:
    """Return the path of the newest PHP-FPM; Debian has its version in the name."""
    places = [*os.environ["PATH"].split(":"), "/usr/sbin"]
    found = {path.name: path for place in places for path in Path(place).glob("php-fpm[0-9]*")}
    if not found:
        sys.exit(f"php-fpm is missing: install the Debian packages {_PACKAGES}")
    newest = max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
    return str(found[newest])
