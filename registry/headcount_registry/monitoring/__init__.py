"""Dashboards for Grafana and rules for Prometheus, from the same model as everything else.

What a declaration says stands in titles and descriptions alone, made harmless there; queries
are made of names that the checks have let through, and of ranges of numbers.
"""
