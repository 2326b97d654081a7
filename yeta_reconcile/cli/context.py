"""What every command is given: the global options and the environment; nothing read by them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from yeta_reconcile.frozen import dataclass

LogFormat = Literal["text", "json"]
Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The global options of one run. Commands take it with `@click.pass_obj`.

    `chdir` is the campaign repository's folder: that of `-C`, else of the nearest `yeta.yaml` upward. `here`
    is what files named on the command line are relative to: that of `-C`, else where the command was called.
    `env` is the overlay to lay over its settings (`--env`, `YETA_ENV`), `verbose` how often `-v` was given,
    `color` whether stdout may be
    coloured, `environ` the environment: the one place secrets come from. `lang` is what people
    read (`cli/language.py` says by what).
    """

    chdir: Path
    here: Path
    env: str | None
    verbose: int
    color: bool
    log_format: LogFormat
    environ: Mapping[str, str]
    lang: Language = "en"
