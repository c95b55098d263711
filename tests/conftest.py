"""Fixtures that every test may ask for."""

from tests.support.pki import authority
from tests.support.postgres import database_url, postgres_server
from tests.support.store import store

__all__ = ["authority", "database_url", "postgres_server", "store"]
