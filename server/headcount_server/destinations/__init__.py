"""Destinations: databases and search engines that are given the published totals."""
