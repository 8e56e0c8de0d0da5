"""Options that an object has of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, SupportsIndex

__all__ = ["OwnOptions"]


class OwnOptions(dict[str, Any]):
    """The options of a PyJWT or PyJWS: a dict that tells when it changes, since decoders were built by what it said."""

    def __init__(self, options: Mapping[str, Any], changed: Callable[[], None]) -> None:
        """Copy options.

        Args:
            options: What they are.
            changed: What is called after each change.
        """
        super().__init__(options)
        self._changed = changed

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._changed()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._changed()

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    def clear(self) -> None:
        """Drop all, as ``dict.clear`` does."""
        super().clear()
        self._changed()

    def pop(self, *args: Any) -> Any:
        """Drop one and give its value, as ``dict.pop`` does."""
        value = super().pop(*args)
        self._changed()
        return value

    def popitem(self) -> tuple[str, Any]:
        """Drop one and give it, as ``dict.popitem`` does."""
        item = super().popitem()
        self._changed()
        return item

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set one that is not there, as ``dict.setdefault`` does."""
        value = super().setdefault(name, default)
        self._changed()
        return value

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several, as ``dict.update`` does."""
        super().update(*args, **kwargs)
        self._changed()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return dict, (dict(self),)
