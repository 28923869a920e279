# Written by headcount-registry from the declarations of bee; do not edit.
"""The words of Bee in other languages, by key and attribute.

They are loaded only when a question is asked in one of these languages.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "operating_system.label": "Betriebssystem",
        "php_version.label": "PHP-Version",
    },
    "es": {
        "operating_system.label": "Sistema operativo",
        "php_version.label": "Versión de PHP",
    },
}
