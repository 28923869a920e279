"""The pages of the site."""

from __future__ import annotations

from django.urls import path

from acme_site import views

urlpatterns = [
    path("install", views.install, name="install"),
    path("usage-counts", views.usage_counts, name="usage-counts"),
]
