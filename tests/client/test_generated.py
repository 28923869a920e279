"""The one module that generated packages import."""

from __future__ import annotations

import re

import headcount
import pytest
from headcount import generated


@pytest.mark.parametrize("version", ["0.1.0", "0.1.7", "0.1.0rc1", "0.1.dev3"])
def test_a_package_of_this_version_is_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(generated, "__version__", version)
    generated.requires("acme_telemetry", at_least="0.1", below="0.2")


@pytest.mark.parametrize("version", ["0.0.9", "0.2.0", "0.10.0", "0.2rc1", "1.1.0"])
def test_a_package_of_another_version_is_refused_with_both_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(generated, "__version__", version)
    told = f"acme_telemetry was generated for headcount >=0.1,<0.2, and this is {version}: install"
    with pytest.raises(ImportError, match=re.escape(told)) as refused:
        generated.requires("acme_telemetry", at_least="0.1", below="0.2")
    assert refused.value.name == "acme_telemetry"


def test_the_facade_offers_what_it_names() -> None:
    assert set(generated.__all__) <= vars(generated).keys()
    assert generated.Client is headcount.Client
