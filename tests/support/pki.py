"""The sandbox's certification authority, made once per test session."""

import pytest

from gateway.sandbox.nca import TestAuthority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.open_or_create(tmp_path_factory.mktemp("pki"))
