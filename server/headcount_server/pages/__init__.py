"""The public face: pages, charts and data files made of the registry and the published totals.

`counts`, `order`, `median`, `chart` and `distribution` are pure; `site` says
which address shows what; `routes` serves it and `command` writes it to files.
"""
