"""The settings of the site; only the last three concern us."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

BASE = Path(os.environ.get("ACME_STATE") or Path(__file__).parents[1] / "var")
SECRET_KEY = os.environ.get("ACME_SECRET_KEY") or secrets.token_urlsafe()
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
ROOT_URLCONF = "acme_site.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "acme_site"]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "site.sqlite3"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BASE.mkdir(parents=True, exist_ok=True)
HEADCOUNT_STATE = BASE / "headcount"
HEADCOUNT_ENDPOINT = os.environ.get("ACME_ENDPOINT")
HEADCOUNT_OFF = False  # an administrator's switch, whatever was answered
