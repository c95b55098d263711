"""The embedded PostgreSQL: one private server per data folder, on this machine only.

The database of an installation without a PostgreSQL of its own. `EmbeddedPostgres` supervises the server; the other
modules are its parts: the programs (`binaries`), the user it runs as (`account`), its folder (`folder`), its process
(`process`, `launcher`), its options (`options`).
"""

from gateway.embedded.errors import EmbeddedUnusable
from gateway.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedUnusable"]
