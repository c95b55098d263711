"""What keeps a database from being used, until a person acts."""


class DatabaseUnusable(Exception):  # noqa: N818  says what the database is
    """The database answers, and this version cannot work with it. The text says what to do."""


class MigrationError(DatabaseUnusable):
    """Its schema is behind, ahead, or not what its migrations made."""
