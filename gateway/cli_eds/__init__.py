"""The `qaqpa eds` commands: signatures verified and made, certificates shown, anchors imported.

Exit codes: 0 valid (or done), 1 not valid, 2 cannot be told, 3 wrong usage or unreadable input, 4 a fault of
the program.
"""

import typer

from gateway.cli_eds import anchors, certificate, sign, verify
from gateway.cli_eds.usage import Command, Group

eds_cli = typer.Typer(
    cls=Group, no_args_is_help=True, help="Verify and make electronic signatures (ЭЦҚ), look at certificates."
)
eds_cli.command("verify", cls=Command)(verify.verify)
eds_cli.command("sign", cls=Command)(sign.sign)
eds_cli.command("cert", cls=Command)(certificate.show)
eds_cli.add_typer(anchors.anchors_cli, name="anchors")
