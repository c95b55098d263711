"""The settings tree: what is left open or contradicts itself is refused at start, by name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import load

MINIMAL = """
data_dir = "data"
anchors_dir = "anchors"
[keys]
transport_certificate = "own.pem"
transport_key = "own.key"
vault_key = "vault.key"
[shep]
async_url = "https://shep.example.kz/bip-async/"
sender_id = "qaqpa"
password = "xyzzy-1234"
certificates = ["shep.pem"]
"""


def write(folder: Path, more: str = "") -> Path:
    path = folder / "qaqpa.toml"
    path.write_text(MINIMAL + more, "utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """An installation can be moved as a folder."""
    settings = load(write(tmp_path))
    assert settings.data_dir == tmp_path / "data"
    assert settings.keys.vault_key == tmp_path / "vault.key"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret given by the environment wins over one in the file."""
    monkeypatch.setenv("QAQPA_SHEP__PASSWORD", "from outside")
    assert load(write(tmp_path)).shep.password.get_secret_value() == "from outside"


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    """No representation of the settings shows a password."""
    assert "xyzzy-1234" not in repr(load(write(tmp_path)))


SENDER = """
[[senders]]
id = "pep"
password = "p"
certificates = ["pep.pem"]
"""


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("[http]\nprot = 1\n", "prot"),
        ("[http]\nport = 70000\n", "port"),
        (SENDER.replace('"pep.pem"', ""), "certificates"),
        (SENDER.replace('password = "p"', 'password = ""'), "password is empty"),
        (SENDER + SENDER, "same id"),
        ('[services."kostanay.housing-assistance"]\nprovider = "nobody"\n', "nobody"),
        ("[worker]\nstep_seconds = 5\n", "step_seconds"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: str, named: str) -> None:
    """A misspelt key, a value out of range, an open door: each is refused with its name."""
    with pytest.raises(ValidationError, match=named):
        load(write(tmp_path, more))
