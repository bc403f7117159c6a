"""The node's settings: one frozen object, read from a TOML file and passed down; paths are relative to that file."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from lintas.model.errors import BadInput
from lintas.model.places import jurisdiction
from lintas.node.toml_files import read_table, settings_of
from lintas.policy.approval_text import issuer_keys
from lintas.requests.records import HolderKind
from lintas.storage.address import Place, is_address, read_address

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"\S")]
BankCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9]{2,40}\Z")]


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one listener listens."""

    host: str = "127.0.0.1"
    port: Port = 0


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one node; the field names are the keys of the file.

    ``public`` serves the API and the pages over TLS, ``exchange`` the peers over mutual TLS; ``plain`` serves the API and the
    pages without TLS, on loopback and in exercise mode only. ``banks`` are the codes of the banks connected here;
    ``telcos`` are those of the telecommunications operators. ``abroad`` maps other bank codes to the authority that answers for
    them, ``kinds`` those of ``banks`` that are none to what they are. ``competent`` are the verifier keys of the authorities
    whose approvals count here. ``pull`` makes this node fetch at every peer's door what is for it.
    ``exercise_clock`` names the file that drives the time of an exercise; without it a node goes by the machine's clock.
    ``camara_clients`` is the register of the API clients of the CAMARA face.
    ``operators`` names the file that says which operators answer for numbers here, and which authority for numbers abroad.
    ``language`` is what letters are written in; "" is the jurisdiction's own where lintas speaks it, else English.
    """

    authority: Name
    jurisdiction: str
    name: Name
    contact: Name
    language: Literal["", "en", "ms", "th"] = ""
    exercise: bool = False
    exercise_clock: str = ""
    database: str = "node.db"
    keys: str = "keys"
    policy: str = "policy.yaml"
    policy_signer: str = ""
    charter: str = "charter"
    charter_pin: str = ""
    ledger: str = "ledger"
    ledger_origin: Name
    checkpoint_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    healing_hours: Annotated[float, msgspec.Meta(gt=0)] = 24.0
    public: Door = Door()
    exchange: Door = Door()
    pull: bool = False
    plain: Door | None = None
    competent: tuple[str, ...] = ()
    banks: tuple[BankCode, ...] = ()
    telcos: tuple[BankCode, ...] = ()
    operators: str = ""
    abroad: dict[BankCode, Name] = {}
    kinds: dict[BankCode, HolderKind] = {}
    camara_clients: Annotated[str, msgspec.Meta(min_length=1)] = "camara-clients.json"


class Home(msgspec.Struct, frozen=True):
    """A node's settings together with the directory that its paths start from."""

    config: Config
    root: Path

    def path(self, name: str) -> Path:
        """Return a path of the configuration as an absolute one."""
        return self.root / name

    @property
    def database(self) -> Place:
        """Return where the database is; BadInput for an address that cannot be used."""
        named = self.config.database
        return read_address(named) if is_address(named) else self.path(named)

    def key(self, name: str) -> Path:
        """Return the path of one key file."""
        return self.root / self.config.keys / name


def read_config(path: Path) -> Home:
    """Read the settings; BadInput names the file and the field that is wrong."""
    where = str(path)
    config = checked(read_table(path, missing="make a node with `lintas init`"), where)
    for name, given in (("plain", config.plain), ("exercise_clock", config.exercise_clock)):
        if given and not config.exercise:
            raise BadInput(f"`{name}` is for exercises", "remove it, or set exercise = true", where=where)
    return Home(msgspec.structs.replace(config, jurisdiction=jurisdiction(config.jurisdiction)), path.parent.resolve())


def checked(data: object, where: str = "settings") -> Config:
    """Return valid settings; BadInput names what is wrong."""
    config = settings_of(data, Config, where=where, see="docs/settings.md")
    if both := set(config.banks) & set(config.abroad):
        raise BadInput(f"{', '.join(sorted(both))} stands in `banks` and in `[abroad]`", "keep one", where=where)
    if strangers := set(config.kinds) - set(config.banks):
        what = f"{', '.join(sorted(strangers))} stands in `[kinds]` and not in `banks`"
        raise BadInput(what, "name it in `banks` too", where=where)
    issuer_keys(config.competent, where=f"{where}, competent")
    return config


def render_config(config: Config) -> str:
    """Write the settings as TOML: every setting, so that the file shows what there is to set."""
    values: dict[str, object] = msgspec.to_builtins(config)
    # A JSON string, number, boolean or list of them is spelt the same in TOML.
    plain = [f"{name} = {_json(value)}" for name, value in values.items() if not isinstance(value, dict | None)]
    tables = [
        "\n".join([f"\n[{name}]", *(f"{_json(key)} = {_json(item)}" for key, item in value.items())])
        for name, value in values.items()
        if isinstance(value, dict)
    ]
    return "\n".join([*plain, *tables]) + "\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
