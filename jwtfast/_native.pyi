"""The compiled path of a token: what ``src/`` builds."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, final, overload

from jwtfast.errors import InvalidTokenError
from jwtfast.key_set import FetchedKeys

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

    def verify_macs(self, checks: list[tuple[str, bytes, bytes, bytes]]) -> list[bool]:
        """Tell of each (hash_name, secret, message, mac) whether it is the MAC, computing them as a batch."""

    def read_json(self, text: bytes) -> Claims:
        """Give a JSON object by the grammar that tokens are held to; ValueError for any other text."""

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
        session: int = 0,
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

class RevocationSet:
    """What has been revoked, as fingerprints, to be asked natively: the compiled part of ``RevocationList``."""

    def __init__(self, *, max_entries: int, leeway: float, clock: Callable[[], float] | None) -> None: ...
    @property
    def generation(self) -> Generation:
        """Advanced after each change: cached tokens are looked up again."""

    @property
    def leeway(self) -> float:
        """How long past their ``exp`` tokens are remembered, in seconds."""

    @property
    def max_entries(self) -> int:
        """How many revocations it holds at most."""

    suspended: bool
    """Whether it knows too little to call any token good: then each raises RevocationListUnavailableError."""

    def add(self, kind: str, issuer: str | None, value: str, issued_before: float, until: float) -> None:
        """Revoke what has this ``jti``, ``sub``, ``sid`` or ``kid``, and was issued at that time or before, until then.

        Raises:
            RevocationListFullError: It holds ``max_entries``, none of which has ended.
        """

    def revokes(self, token: Token, /) -> bool:
        """Tell whether a token, which is good in itself, has been revoked.

        Args:
            token: The token.

        Returns:
            Whether it is to be refused.

        Raises:
            RevocationListUnavailableError: What has been revoked lately is not known.
        """

    def time(self) -> float:
        """Give the list's time, in seconds since the epoch."""

    def __len__(self) -> int: ...

def siphash(key: bytes, message: bytes) -> bytes:
    """Give the 128-bit SipHash-1-3 of a message of whole words."""

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
            KeySetUnavailableError: The keys are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
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
            KeySetUnavailableError: The keys are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: It is not str, bytes, bytearray, memoryview or None.
        """

    def verify_many(
        self, raws: Iterable[str | bytes | bytearray | memoryview], /, threads: int = 1
    ) -> list[Token | InvalidTokenError]:
        """Verify many tokens at once (RFC 7519 section 7.2, RFC 7515 section 5.2).

        It takes less time for each than ``verify``: MACs by SHA-256 are computed two at a time, and the GIL is released
        while they are. All are judged at one instant.

        Args:
            raws: The tokens in JWS Compact Serialization.
            threads: How many threads check signatures. More than one make sense for signatures that are no MACs, which
                are checked without the GIL.

        Returns:
            For each token, in order, the verified token, or the error that ``verify`` would raise. One bad token does
            not concern the others.

        Raises:
            KeySetUnavailableError: The keys are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The tokens may be good, and their revocations can't be known (503, not 401).
            TypeError: One of them is not str, bytes, bytearray or memoryview; none is verified then.
            ValueError: There is less than one thread.
        """

    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: Literal[True], /) -> Token: ...
    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: bool = False, /) -> Token | FetchedKeys:
        """Verify a token as ``verify`` does, but wait for nothing.

        Args:
            raw: The token.
            last: Whether to refuse it too where its key is on its way.

        Returns:
            The verified token; or the keys to wait for, and then to attempt it again.

        Raises:
            InvalidTokenError: Something is wrong with the token.
            KeySetUnavailableError: There are no keys to judge it with.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: It is not str, bytes, bytearray or memoryview.
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

class MultiIssuerCore:
    """The compiled part of MultiIssuerVerifier."""

    def __init__(self, verifiers: dict[str, VerifierCore], *, cache_tokens: int, cache_bytes: int) -> None: ...
    def verify(self, raw: str | bytes | bytearray | memoryview, /) -> Token:
        """Verify a token by the verifier of the issuer that it names (RFC 7519 section 7.2).

        Args:
            raw: The token in JWS Compact Serialization.

        Returns:
            The verified token; the same object for the same bytes, as long as it is remembered.

        Raises:
            InvalidIssuerError: There is no verifier for its issuer.
            InvalidTokenError: Something else is wrong with the token.
            KeySetUnavailableError: The issuer's keys are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: It is not str, bytes, bytearray or memoryview.
        """

    def verify_bearer(self, header_value: str | bytes | bytearray | memoryview | None, /) -> Token:
        """Verify the token in an Authorization header's value, as ``Verifier.verify_bearer`` does.

        Args:
            header_value: The value, like ``"Bearer eyJ..."``; None where the request has no such header.

        Returns:
            The verified token.

        Raises:
            MissingTokenError: There is no header, or it names another scheme.
            InvalidRequestError: It names the scheme and breaks its syntax.
            InvalidTokenError: Something is wrong with the token.
            KeySetUnavailableError: The issuer's keys are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: It is not str, bytes, bytearray, memoryview or None.
        """

    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: Literal[True], /) -> Token: ...
    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: bool = False, /) -> Token | FetchedKeys:
        """Verify a token as ``verify`` does, but wait for nothing, as ``VerifierCore.attempt`` does."""

    def cache_info(self) -> CacheInfo:
        """Tell what the cache of all issuers holds and has done.

        Returns:
            Counts, and sizes in bytes.
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
