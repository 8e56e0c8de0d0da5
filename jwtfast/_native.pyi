"""The compiled path of a token: what ``src/`` builds."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, final

class CacheInfo(NamedTuple):
    """What a verifier's cache holds and has done: counts, and sizes in bytes."""

    hits: int
    misses: int
    expired: int
    evictions: int
    tokens: int
    bytes: int
    max_tokens: int
    max_bytes: int

@final
class Kernels:
    """The native primitives with the kernels of one's choice, to hold each of them to the standards.

    Args:
        name: ``auto``, ``portable``, or names of instruction sets joined by ``+``, which the CPU must have.

    Raises:
        ValueError: There is no such kernel, here or anywhere.
    """

    name: str
    def __init__(self, name: str = "auto") -> None: ...
    def digest(self, hash_name: str, message: bytes) -> bytes:
        """Give the digest of a message by ``sha256``, ``sha384`` or ``sha512`` (FIPS 180-4)."""

    def hmac(self, hash_name: str, secret: bytes, message: bytes) -> bytes:
        """Give the MAC of a message (RFC 2104)."""

    def base64url_encode(self, data: bytes) -> bytes:
        """Give the unpadded base64url of octets (RFC 7515 section 2)."""

    def base64url_decode(self, text: bytes) -> bytes:
        """Give the octets of canonical, unpadded base64url; ValueError for anything else (RFC 7515 section 2)."""

kernels: Kernels

def available_kernels() -> list[str]:
    """Give the names under which this CPU's kernels can be asked for."""

def check_known_answers(kernels: Kernels) -> None:
    """Raise ImportError unless the kernels give the examples of FIPS 180-4 and RFC 4231."""

@final
class Generation:
    """A count that its owner advances after each change of the keys or revocations that verdicts rest on."""

    @property
    def count(self) -> int:
        """How often it was advanced."""

    def advance(self) -> None:
        """Have everything that rests on it judged again."""

class PreparedKey:
    """What verifies signatures of one algorithm with one key."""

    algorithm: str
    key_id: str | None
    def is_signed(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature is that of a message."""

@final
class HmacKey(PreparedKey):
    """A secret as the midstates of its HMAC; wiped when it goes."""

    def __init__(self, hash_name: str, secret: bytes, algorithm: str, key_id: str | None = None) -> None: ...
    def sign(self, message: bytes) -> bytes:
        """Give the MAC of a message (RFC 2104)."""

    def export(self) -> bytes:
        """Give the secret."""

@final
class SignatureKey(PreparedKey):
    """A public key of the cryptography package, to be called with prepared arguments only.

    Args:
        algorithm: The ``alg`` value.
        verifier: Its bound ``verify``, called as ``verifier(signature, message, *arguments)``.
        arguments: What ``verify`` wants besides signature and message.
        signature_length: What every signature takes, in bytes.
        order: The order of the curve where signatures are r || s; each has its length.
        key_id: The ``kid``.
    """

    def __init__(
        self,
        algorithm: str,
        verifier: Callable[..., None],
        arguments: tuple[Any, ...],
        signature_length: int,
        *,
        order: bytes | None = None,
        key_id: str | None = None,
    ) -> None: ...

def read_json_object(text: bytes) -> dict[str, Any]:
    """Give a JSON object by the grammar that tokens are held to; ValueError says what is wrong with any other text."""

@final
class Policy:
    """A claims policy as the compiled core wants it; ``jwtfast.claims`` builds it."""

    def __init__(
        self,
        rows: list[tuple[str, str, bool, tuple[str, ...]]],
        any_audience: bool,
        several_audiences: int,
        leeway: float,
        max_age: float,
    ) -> None: ...

@final
class Claims(dict[str, Any]):
    """A token's claims: a dict that can't be changed, nor can the lists and dicts inside it.

    ``claims.copy()`` and ``dict(claims)`` give a plain dict of the top level, ``copy.deepcopy(claims)`` plain objects
    all the way down. This guards against accidents; C code that writes past a subclass's methods, like
    ``heapq.heapify`` on a list or ``eval`` with the claims as its globals, must be given a copy.
    """

@final
class Token:
    """A verified token: immutable, and shared by all who verify the same bytes. Only a Verifier makes one."""

    def __init__(self) -> None: ...
    @property
    def claims(self) -> Claims:
        """The claims (RFC 7519 section 4), built when they are first asked for."""

    @property
    def header(self) -> Claims:
        """The JOSE header (RFC 7515 section 4)."""

    @property
    def algorithm(self) -> str:
        """The algorithm it was verified by, as ``alg`` spells it (RFC 7515 section 4.1.1)."""

    @property
    def key_id(self) -> str | None:
        """The ``kid`` of the key that verified it, or None if the key has none."""

    @property
    def subject(self) -> str | None:
        """``sub`` (RFC 7519 section 4.1.2)."""

    @property
    def issuer(self) -> str | None:
        """``iss`` (RFC 7519 section 4.1.1)."""

    @property
    def audience(self) -> tuple[str, ...]:
        """``aud`` as a tuple, however it was spelled (RFC 7519 section 4.1.3)."""

    @property
    def expires_at(self) -> int | float | None:
        """``exp``, in seconds since the epoch (RFC 7519 section 4.1.4)."""

    @property
    def not_before(self) -> int | float | None:
        """``nbf``, in seconds since the epoch (RFC 7519 section 4.1.5)."""

    @property
    def issued_at(self) -> int | float | None:
        """``iat``, in seconds since the epoch (RFC 7519 section 4.1.6)."""

    @property
    def token_id(self) -> str | None:
        """``jti`` (RFC 7519 section 4.1.7)."""

    @property
    def scopes(self) -> frozenset[str]:
        """The names in ``scope``, or else ``scp``: a string of them or an array (RFC 8693 section 4.2)."""

def read_authorization(headers: Iterable[tuple[bytes, bytes]], method: str | None = None, /) -> bytes | None:
    """Give the token in a request's Authorization header, by the grammar of ``verify_bearer`` (RFC 6750 section 2.1).

    Args:
        headers: The request's header fields: the names in lower case, the values as they came.
        method: The request's method, which makes no difference.

    Returns:
        The token, not verified; None where there is no such header, or it names another scheme.

    Raises:
        InvalidRequestError: It names the scheme and breaks its syntax, or there is more than one.
        TypeError: A header field is no pair of bytes.
    """

class VerifierCore:
    """The compiled part of Verifier."""

    def __init__(
        self,
        keys: object,
        policy: Policy,
        *,
        token_type: str | None,
        max_token_bytes: int,
        cache_tokens: int,
        cache_bytes: int,
        cache_ttl: float,
        revocations: object,
        clock: object,
    ) -> None: ...
    def verify(self, raw: str | bytes | bytearray | memoryview, /) -> Token:
        """Verify a token (RFC 7519 section 7.2, RFC 7515 section 5.2).

        Args:
            raw: The token in JWS Compact Serialization.

        Returns:
            The verified token; the same object for the same bytes, as long as it is remembered.

        Raises:
            InvalidTokenError: Something is wrong with the token; the subclass and its ``code`` say what.
            TypeError: It is not str, bytes, bytearray or memoryview.
        """

    def verify_bearer(self, header_value: str | bytes | bytearray | memoryview | None, /) -> Token:
        """Verify the token in an Authorization header's value (RFC 6750 section 2.1).

        Args:
            header_value: The value, like ``"Bearer eyJ..."``; None where the request has no such header.

        Returns:
            The verified token.

        Raises:
            MissingTokenError: There is no header, or it names another scheme.
            InvalidRequestError: It names the scheme and breaks its syntax.
            InvalidTokenError: Something is wrong with the token.
            TypeError: It is not str, bytes, bytearray, memoryview or None.
        """

    def cache_info(self) -> CacheInfo:
        """Tell what the cache holds and has done.

        Returns:
            Counts, and sizes in bytes; ``max_tokens`` is less than ``cache_tokens`` where ``cache_bytes`` could never
            hold so many.
        """

    def forget(self, raw: str | bytes | bytearray | memoryview, /) -> bool:
        """Drop a token from the cache, so that it is verified anew.

        Args:
            raw: The token.

        Returns:
            Whether it was there.

        Raises:
            TypeError: It is not str, bytes, bytearray or memoryview.
        """

    def clear_cache(self) -> None:
        """Drop all tokens from the cache."""
