"""The settings of the site; only the last three concern us."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def _kept(path: Path) -> str:
    """A secret that all workers of the site share, made by the first of them."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


BASE = Path(os.environ.get("ACME_STATE") or Path(__file__).parents[1] / "var")
BASE.mkdir(parents=True, exist_ok=True)
SECRET_KEY = os.environ.get("ACME_SECRET_KEY") or _kept(BASE / "secret-key")
DEBUG = os.environ.get("ACME_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
ROOT_URLCONF = "acme_site.urls"
LOGIN_REDIRECT_URL = "usage-counts"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "acme_site",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "site.sqlite3"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

HEADCOUNT_STATE = BASE / "headcount"
HEADCOUNT_ENDPOINT = os.environ.get("ACME_ENDPOINT")
HEADCOUNT_OFF = False  # an administrator's switch, whatever was answered
