"""A platform, and a certificate that nobody believes of itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import program
from tests.support.served import Served, served


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "there") as made:
        made.campaign()
        yield made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "both.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "both.pem").open("ab") as both:
        both.write((folder / "cert.pem").read_bytes())
    return folder / "both.pem"
