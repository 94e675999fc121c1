"""What a service process is: the source of its ``--help`` and of the tables in its README."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, CliApp

S = TypeVar("S", bound=BaseSettings)


@dataclass(frozen=True, slots=True)
class Group:
    """Settings of one class that a process reads: all of them, or those named."""

    settings: type[BaseSettings]
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """One process. ``own`` are its own settings, which are options of the command line too."""

    module: str
    package: str
    summary: str
    reads: Mapping[str, str]
    writes: Mapping[str, str]
    own: type[BaseSettings]
    shared: tuple[Group, ...] = ()
    stages: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as people see it."""

    variable: str
    option: str | None
    default: str
    description: str


def read_settings(description: Description, own: type[S], arguments: Sequence[str] | None) -> S:
    """Read a process's own settings from its variables and its command line (None: this process's).

    Answers ``--help`` and ``--version``, and names settings that cannot be used: ``SystemExit``.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(given):
        print(help_text(description))
        raise SystemExit(0)
    if "--version" in given:
        print(f"{description.package} {version(description.package)}")
        raise SystemExit(0)
    try:
        return CliApp.run(own, cli_args=given)
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            print(f"error: {'.'.join(map(str, problem['loc']))}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from error


def help_text(description: Description) -> str:
    """Return what ``--help`` prints."""
    lines = [
        f"usage: python -m {description.module} [--help] [--version] [--OPTION VALUE ...]",
        "",
        description.summary,
    ]
    for title, topics in (("reads", description.reads), ("writes", description.writes)):
        width = max(map(len, topics), default=0)
        lines += ["", f"{title}:", *(f"  {name:{width}}  {text}" for name, text in topics.items())]
    lines += ["", "settings, as variables of the environment (or options) and their defaults:"]
    for setting in all_settings(description):
        option = f" ({setting.option})" if setting.option else ""
        lines += [f"  {setting.variable}{option} = {setting.default}", f"      {setting.description}"]
    return "\n".join([*lines, "", "/health and /metrics are served at SPOTON_HTTP_HOST:SPOTON_HTTP_PORT."])


def all_settings(description: Description) -> list[Setting]:
    """Return every setting that a process reads, its own first."""
    own = _settings(Group(description.own), is_own=True)
    return [*own, *(setting for group in description.shared for setting in _settings(group, is_own=False))]


def _settings(group: Group, *, is_own: bool) -> Iterable[Setting]:
    prefix = group.settings.model_config.get("env_prefix", "")
    for name, info in group.settings.model_fields.items():
        if group.only and name not in group.only:
            continue
        option = f"--{name.replace('_', '-')}" if is_own else None
        yield Setting(_variable(prefix, name, info), option, _default(info), _sentence(info))


def _variable(prefix: str, name: str, info: FieldInfo) -> str:
    if isinstance(info.validation_alias, AliasChoices):
        return next(str(alias) for alias in info.validation_alias.choices if str(alias).isupper())
    return f"{prefix}{name}".upper()


def _sentence(info: FieldInfo) -> str:
    if not info.description:
        raise ValueError(f"a setting without description: {info}")
    choices = get_args(info.annotation) if str(get_origin(info.annotation)).endswith("Literal") else ()
    return f"{info.description}: {', '.join(map(str, choices))}" if choices else info.description


def _default(info: FieldInfo) -> str:
    """Return the default as one would write it; of one that depends on the machine, what it depends on."""
    extra: Any = info.json_schema_extra
    if isinstance(extra, dict) and "default_text" in extra:
        return str(extra["default_text"])
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is None or default in ((), {}, ""):
        return "(empty)"
    if isinstance(default, SecretStr):
        return default.get_secret_value()  # a default is in the source, it is no secret
    return str(default) if isinstance(default, str | int | float | bool | Path) else repr(default)
