"""Public pages, charts and data files, made from the registry and the published totals.

`counts`, `order`, `median`, `chart` and `distribution` are pure; `site` says
which address shows what; `routes` serves it and `command` writes it to files.
"""
