"""How the embedded server is configured: options on its command line, which win over the files in the data folder."""

from dataclasses import dataclass

PORT = 5432
"""Only a part of the socket's file name: there is no TCP."""
SOCKET_NAME = f".s.PGSQL.{PORT}"
NAME = "qaqpa"
"""Of the database and of the role."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an installation may choose."""

    max_connections: int = 100
    shared_buffers_mb: int = 128

    def arguments(self, socket_folder: str) -> list[str]:
        """Return `postgres` arguments; `socket_folder` is as the server sees it, `.` being the data folder."""
        values = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": '"' + socket_folder.replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
            "cluster_name": NAME,
            "max_connections": self.max_connections,
            "shared_buffers": f"{self.shared_buffers_mb}MB",
            # nothing acknowledged is lost, whatever postgresql.conf says
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            # seven files, one per weekday, each overwritten after a week
            "logging_collector": "on",
            "log_directory": "log",
            "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
            "log_rotation_size": 0,
            "log_line_prefix": "%m [%p] ",
            "log_timezone": "UTC",
            "timezone": "UTC",
            # statements, their parameters and the details of errors may hold personal data
            "log_statement": "none",
            "log_min_error_statement": "panic",
            "log_min_duration_statement": -1,
            "log_parameter_max_length": 0,
            "log_parameter_max_length_on_error": 0,
            "log_error_verbosity": "terse",
        }
        return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]


def access_rules(users: set[str]) -> tuple[str, str]:
    """Return `pg_hba.conf` and `pg_ident.conf`: only these system users may connect, over the socket."""
    rules = "".join(f"local {what} all peer map={NAME}\n" for what in ("all", "replication"))
    quoted = sorted('"' + user.replace('"', '""') + '"' for user in users)
    return rules, "".join(f"{NAME} {user} {NAME}\n" for user in quoted)
