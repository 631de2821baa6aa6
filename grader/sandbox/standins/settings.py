"""Dictionaries whose entries are attributes as well: `config.hidden` of easydict, munch, omegaconf and Lightning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Settings(dict[str, Any]):
    """A dictionary with attributes; dictionaries inside are such dictionaries too."""

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take what `dict` takes."""
        super().__init__()
        self.update(*values, **named)

    def update(self, *values: Any, **named: Any) -> None:
        """Take what `dict.update` takes."""
        for key, value in dict(*values, **named).items():
            self[key] = value

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep an entry."""
        super().__setitem__(key, Settings(value) if type(value) is dict else value)

    def __getattr__(self, key: str) -> Any:
        """Return an entry."""
        try:
            return self[key]
        except KeyError:
            raise AttributeError(f"{key} is not among the settings: {', '.join(map(str, self))}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        """Keep an entry."""
        self[key] = value


def plain(settings: Any) -> Any:
    """Return a plain dictionary, as `OmegaConf.to_container` does."""
    return {key: plain(value) for key, value in settings.items()} if isinstance(settings, Mapping) else settings


class OmegaConf:
    """What of omegaconf.OmegaConf needs no file."""

    create = Settings
    to_container = staticmethod(lambda settings, *_, **__: plain(settings))
    merge = staticmethod(lambda *several: Settings({key: value for one in several for key, value in one.items()}))
