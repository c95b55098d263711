"""Fixtures that every test may ask for."""

from tests.support.pki import authority
from tests.support.postgres import database_url, postgres_server

__all__ = ["authority", "database_url", "postgres_server"]
