"""Who is compared with whom.

How contenders are made equal, since each difference here would show as a difference of the libraries:

- Each is in its fastest idiomatic form: what can be prepared once (keys, options) is prepared before the clock starts.
- Each checks the same: the signature, ``exp`` (which must be there), ``nbf``, ``iat``; and ``iss`` and ``aud`` on
  typical tokens. That it really does is asserted before it is timed.
- What a library has no check for is not put around it in Python: it is excused from it, which is to its advantage. What
  each is excused from is listed below, and that it needs the excuse is asserted as well.
- Each gets the same tokens, as ``str`` objects made for that round (``bytes`` for those "of bytes"): a server never
  sees the same object twice, and one that was hashed before would flatter whoever looks it up.
- Each runs in the same plain ``for`` loop, which is in its time, with the garbage collector off, and in a process of
  its own, where nobody has been before it. The fast ones have more rounds in a turn than the slow ones.
- Results are dropped at once; jwtfast keeps its own in the cache until the round is over, and the time in which they
  are freed (``clear_cache``, between rounds) is not counted. A cold verification includes what remembering it costs.
- jwtfast builds the claims when they are first read; "jwtfast, claims read" reads one, so it does all that those do
  who give a dict. Without it, the time is that of a verdict and of the claims that were checked.
- PyJWT is there twice, since the newer version takes up to three times as long as the older one. ``make bench`` puts
  the older one into a folder of its own, from where it is imported by another name (see ``rivals.py``).
- Floors judge nothing, and are no contenders: they are what the others stand on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from benchmarks import floors, ours, rivals
from benchmarks.pure_python import HASHES
from benchmarks.ready import Ready
from benchmarks.tokens import ALGORITHMS, SIZES, Checks

__all__ = ["CONTENDERS", "FLOORS", "Contender"]


@dataclass(frozen=True)
class Contender:
    """One row of the tables."""

    name: str
    prepare: Callable[[Checks], Ready]
    kinds: tuple[str, ...]
    algorithms: tuple[str, ...] = ALGORITHMS
    sizes: tuple[str, ...] = SIZES
    # The distribution that it comes from, None if it is always there; and where that is, if not where all others are.
    package: str | None = None
    folder: Path | None = None
    # Which interpreters there are wheels for, if not for all.
    wheels: str = ""
    # Which of the refused tokens it takes, since it has no check for what is wrong with them.
    excused: frozenset[str] = frozenset()
    # Whether a round of it has only few tokens.
    slow: bool = False

    @cached_property
    def distribution(self) -> Distribution | None:
        """Its package as it is installed, or None."""
        where: Any = {} if self.folder is None else {"path": [str(self.folder)]}
        return next(iter(distributions(name=self.package, **where)), None) if self.package is not None else None

    @property
    def label(self) -> str:
        """Its name, with the version of its package."""
        return self.name if self.distribution is None else f"{self.name} {self.distribution.version}"

    @property
    def missing(self) -> str | None:
        """Why it can't take part, or None if it can."""
        if self.package is None or self.distribution is not None:
            return None
        return f"{self.package} is not installed{self.wheels and f': it has wheels for {self.wheels}'}"


_NEVER_SEEN = ("cold", "rejected")
_HMAC = tuple(name for name in ALGORITHMS if name in HASHES)
_ASYMMETRIC = tuple(name for name in ALGORITHMS if name not in HASHES)


# What is wrong with a token and that some libraries don't look at.
_NO_EXPIRY = "no expiry"
_NOT_YET_ISSUED = "issued in the future"
_FOR_OTHERS = "an audience, where none is configured"


def _rival(prepare: Callable[[Checks], Ready], name: str, *excuses: str, **more: Any) -> Contender:
    # Long HS256 tokens only serve to hold jwtfast's hits for RS256 against.
    given: dict[str, Any] = {"package": name, "slow": True, "excused": frozenset(excuses)}
    return Contender(name, prepare, _NEVER_SEEN, sizes=("small", "typical"), **given | more)


FLOORS = (
    Contender("hmac.digest", floors.hmac_digest, ("cold",), _HMAC),
    Contender("cryptography verify", floors.cryptography_verify, ("cold",), _ASYMMETRIC, package="cryptography"),
    Contender("orjson.loads", floors.orjson_loads, ("cold",), package="orjson"),
    Contender("dict.get", floors.dict_get, ("cached",), ("HS256",)),
    Contender("dict.get of bytes", floors.dict_get_of_bytes, ("cached",), ("HS256",)),
)
CONTENDERS = (
    Contender("jwtfast", ours.of_str, (*_NEVER_SEEN, "cached")),
    Contender("jwtfast of bytes", ours.of_bytes, ("cached",), ("HS256",)),
    Contender("jwtfast, claims read", ours.claims_read, ("cold", "cached"), _HMAC),
    _rival(rivals.ryjwt, "ryjwt", _NO_EXPIRY, _NOT_YET_ISSUED, wheels="Python 3.12 and later", slow=False),
    _rival(rivals.oxyjwt, "oxyjwt", slow=False),
    _rival(rivals.jwtoxide, "jwtoxide", _NOT_YET_ISSUED, wheels="Python up to 3.12", slow=False),
    _rival(rivals.pure_python, "pure Python (stdlib)", algorithms=("HS256",), package=None),
    _rival(rivals.older_pyjwt, "older PyJWT", package="PyJWT", folder=rivals.OLDER_PYJWT),
    _rival(rivals.pyjwt, "PyJWT"),
    _rival(rivals.authlib, "Authlib", _FOR_OTHERS),
    _rival(rivals.joserfc, "joserfc", _FOR_OTHERS),
    _rival(
        *(rivals.python_jose, "python-jose", _NOT_YET_ISSUED),
        algorithms=("HS256", "HS512", "RS256", "ES256"),  # it has no other ones
    ),
    _rival(rivals.jwcrypto, "jwcrypto", _NOT_YET_ISSUED, _FOR_OTHERS),
    *FLOORS,
)
