"""Dashboards for Grafana and rules for Prometheus, from the same model as all output.

The texts of declarations appear only in titles and descriptions, where they are made
harmless. Queries consist of names that the checks have passed, and of ranges of numbers.
"""
