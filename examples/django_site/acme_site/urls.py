"""The pages of the site."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import path
from django.views.generic import RedirectView

from acme_site import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="usage-counts")),
    path("accounts/login/", LoginView.as_view(template_name="login.html"), name="login"),
    path("install", views.install, name="install"),
    path("usage-counts", views.usage_counts, name="usage-counts"),
]
