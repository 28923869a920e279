# Written by headcount-registry from the declarations of bee; do not edit.
"""The words of Bee in other languages, by key and attribute.

They are loaded only when a question is asked in one of these languages.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "recipient": "Die Betreuer von Bee",
        "title": "Bee",
        "version.description": "Die Version von Bee, zum Beispiel 1.1.",
        "version.label": "Bee-Version",
        "version.purpose": "Entscheiden, wie lange ältere Versionen von Bee Korrekturen bekommen.",
        "multisite.description": "Ob Bee auf einer Installation läuft, die mehrere Websites bedient.",
        "multisite.label": "Multisite",
        "multisite.purpose": "Entscheiden, ob es sich lohnt, Befehle zu schreiben, die auf alle Websites einer Installation wirken.",
        "operating_system.description": "Die Familie von Betriebssystemen, auf der Bee läuft, zum Beispiel Linux.",
        "operating_system.label": "Betriebssystem",
        "operating_system.purpose": "Entscheiden, für welche Betriebssysteme Bee getestet und dokumentiert wird.",
        "php_version.description": "Die PHP-Version, mit der Bee auf der Kommandozeile läuft, zum Beispiel 8.2.",
        "php_version.label": "PHP-Version",
        "php_version.purpose": "Entscheiden, mit welchen PHP-Versionen die nächste Version von Bee noch laufen muss.",
    },
    "es": {
        "recipient": "Los responsables de bee",
        "title": "Bee",
        "version.description": "La versión de bee, por ejemplo 1.1.",
        "version.label": "Versión de Bee",
        "version.purpose": "Decidir durante cuánto tiempo las versiones antiguas de bee reciben correcciones.",
        "multisite.description": "Si bee se ejecuta en una instalación que sirve a varios sitios.",
        "multisite.label": "Multisitio",
        "multisite.purpose": "Decidir si merece la pena escribir órdenes que actúen sobre todos los sitios de una instalación.",
        "operating_system.description": "La familia de sistemas operativos en la que se ejecuta bee, por ejemplo Linux.",
        "operating_system.label": "Sistema operativo",
        "operating_system.purpose": "Decidir para qué sistemas operativos se prueba y documenta bee.",
        "php_version.description": "La versión de PHP que ejecuta bee en la línea de órdenes, por ejemplo 8.2.",
        "php_version.label": "Versión de PHP",
        "php_version.purpose": "Decidir con qué versiones de PHP debe seguir funcionando la próxima versión de bee.",
    },
}
