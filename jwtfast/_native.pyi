"""The compiled path of a token: what ``src/`` builds."""

import json
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple, final, overload

from jwtfast.errors import InvalidTokenError
from jwtfast.jwt.api_jws import Key, SigningKey
from jwtfast.jwt.types import Options
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

    @property
    def has_rsa(self) -> bool:
        """Whether these kernels check RSA signatures; else they are left to the cryptography package."""

    def rsa_public(self, modulus: bytes, exponent: int, signature: bytes) -> bytes | None:
        """Give the message that an RSA signature represents; None for one not below the modulus (RFC 8017 5.2.2)."""

    def base64url_encode(self, data: bytes) -> bytes:
        """Give the unpadded base64url of octets (RFC 7515 section 2)."""

    def base64url_decode(self, text: bytes) -> bytes:
        """Give the octets of canonical, unpadded base64url; ValueError for anything else (RFC 7515 section 2)."""

kernels: Kernels

def available_kernels() -> list[str]:
    """Give the names under which this CPU's kernels can be asked for."""

def check_known_answers(kernels: Kernels) -> None:
    """Raise ImportError unless the kernels give the examples of FIPS 180-4 and RFC 4231, and the known RSA power."""

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
class RsaKey(PreparedKey):
    """An RSA public key whose signatures are checked natively (RFC 8017 sections 8.1.2 and 8.2.2).

    Args:
        algorithm: The ``alg`` value.
        hash_name: Its hash, as hashlib names it.
        modulus: The modulus, the most significant octet first and not zero, at most 1,024 of them.
        exponent: The public exponent.
        pss: Whether the scheme is RSASSA-PSS, with a salt as long as the hash; else it is RSASSA-PKCS1-v1_5.
        key_id: The ``kid``.

    Raises:
        ValueError: It is no key, or the kernels in use have no RSA.
    """

    def __init__(
        self, algorithm: str, hash_name: str, modulus: bytes, exponent: int, *, pss: bool, key_id: str | None = None
    ) -> None: ...

@final
class SignatureKey(PreparedKey):
    """A public key of the cryptography package, to be called with prepared arguments only.

    Args:
        algorithm: The ``alg`` value.
        verifier: Its bound ``verify``, called as ``verifier(signature, message, *arguments)``.
        arguments: What ``verify`` wants besides signature and message.
        signature_length: What every signature takes, in bytes.
        hash_name: The hash by which the message is to be replaced; then the arguments say that it is (``Prehashed``).
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
        hash_name: str | None = None,
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
    def find(self, kernels: Kernels, text: bytes) -> dict[str, bytes]:
        """Give what it would judge of a payload, by name and as JSON text; ValueError as by ``Kernels.read_json``."""

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
            threads: How many threads check signatures, the caller's included; no more than 32 do, or as many as there
                are CPUs. More than one make sense for signatures that are no MACs, which are checked without the GIL.

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

    def attempt_authorization(
        self, headers: Iterable[tuple[bytes, bytes]], method: str | None = None, /
    ) -> Token | FetchedKeys | None:
        """Verify the token in a request's Authorization header (RFC 6750 section 2.1), but wait for nothing.

        It is ``read_authorization`` and ``attempt`` in one, without a copy of the token.

        Args:
            headers: The request's header fields: the names in lower case, the values as they came.
            method: The request's method, which makes no difference.

        Returns:
            The verified token; the keys to wait for; None where there is no such header, or it names another scheme.

        Raises:
            InvalidRequestError: The header names the scheme and breaks its syntax, or there is more than one.
            InvalidTokenError: Something is wrong with the token.
            KeySetUnavailableError: There are no keys to judge it with.
            RevocationListUnavailableError: The token may be good, and its revocations can't be known (503, not 401).
            TypeError: A header field is no pair of bytes.
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

    def verify_many(
        self, raws: Iterable[str | bytes | bytearray | memoryview], /, threads: int = 1
    ) -> list[Token | InvalidTokenError]:
        """Verify many tokens at once, of whatever issuers, as ``Verifier.verify_many`` does.

        Args:
            raws: The tokens in JWS Compact Serialization.
            threads: How many threads check signatures of all issuers, the caller's included.

        Returns:
            For each token, in order, the verified token, or the error that ``verify`` would raise. One bad token does
            not concern the others.

        Raises:
            KeySetUnavailableError: The keys of one's issuer are fetched from elsewhere, and there are none.
            RevocationListUnavailableError: The tokens may be good, and their revocations can't be known (503, not 401).
            TypeError: One of them is not str, bytes, bytearray or memoryview; none is verified then.
            ValueError: There is less than one thread.
        """

    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: Literal[True], /) -> Token: ...
    @overload
    def attempt(self, raw: str | bytes | bytearray | memoryview, last: bool = False, /) -> Token | FetchedKeys:
        """Verify a token as ``verify`` does, but wait for nothing, as ``VerifierCore.attempt`` does."""

    def attempt_authorization(
        self, headers: Iterable[tuple[bytes, bytes]], method: str | None = None, /
    ) -> Token | FetchedKeys | None:
        """Verify the token in a request's Authorization header, as ``VerifierCore.attempt_authorization`` does."""

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

UNSET: Final[Any]
"""Stands for the algorithm where a call of ``encode`` names none: that of a ``PyJWK``, or HS256."""

@final
class Decoder(VerifierCore):
    """A verifier for one key and one set of demands, which ``PyJWTCore`` asks; ``jwtfast.jwt.demands`` builds it.

    Args:
        keys: The key, as a key set.
        policy: The demands on claims.
        judges_expiry: Whether ``exp`` is judged.
        warnings: For each algorithm what is wrong with the key's length; ``keys`` fills it.
        cache_tokens: How many verified tokens are remembered.
    """

    def __init__(
        self, keys: object, policy: Policy, *, judges_expiry: bool, warnings: dict[str, str], cache_tokens: int
    ) -> None: ...

@final
class Signer:
    """A secret and an encoded header, which ``PyJWTCore`` signs with.

    Args:
        key: The secret.
        header: The header's base64url.
        problem: What is wrong with the secret's length, or None.
    """

    def __init__(self, key: HmacKey, header: bytes, problem: str | None) -> None: ...

class PyJWTCore:
    """The compiled part of ``jwtfast.jwt.PyJWT``.

    It has the decoders and signers of earlier calls, and asks the Python part for new ones, and for all that none of
    them can answer.
    """

    def _configure(self, changes: Generation, registry: Generation, jwk: type[Any], is_open: bool) -> None:
        """Say what advances when options and algorithms change, and whether the compiled part may answer at all."""

    def _require(self, required: object) -> None:
        """Say what the object's own options have under ``require``: a list that its owner may change in place."""

    def decode(
        self,
        jwt: str | bytes,
        key: Key = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        subject: str | None = None,
        issuer: str | Container[str] | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and give its claims (RFC 7519 section 7.2).

        Args:
            jwt: The token in JWS Compact Serialization.
            key: The key, in any form that its algorithm takes.
            algorithms: The names of the algorithms that are allowed; may be left out with a PyJWK.
            options: What differs from this object's options.
            verify: Does nothing; warned of where it contradicts ``verify_signature``.
            detached_payload: The payload of a token that has none inside (RFC 7797).
            audience: The values of which ``aud`` must have one.
            subject: What ``sub`` must be, where it is there.
            issuer: The values that ``iss`` may have.
            leeway: How far clocks may disagree, in seconds.
            **kwargs: Ignored, with a warning.

        Returns:
            The claims, as a dict of the caller's own.

        Raises:
            InvalidTokenError: Something is wrong with the token; the subclass says what.
            InvalidKeyError: The key is none for the algorithm.
            TypeError: An argument is of the wrong type.
        """

    def encode(
        self,
        payload: dict[str, Any],
        key: SigningKey,
        algorithm: str | None = ...,
        headers: dict[str, Any] | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
        sort_headers: bool = True,
    ) -> str:
        """Sign claims (RFC 7519 section 7.1).

        Args:
            payload: The claims; ``exp``, ``iat`` and ``nbf`` may be datetimes, a naive one being UTC.
            key: The key, in any form that the algorithm takes.
            algorithm: The ``alg``; None: ``none``. Where it is left out: a PyJWK's own, or HS256.
            headers: Further members of the header; an ``alg`` among them counts.
            json_encoder: What header and claims are written with.
            sort_headers: Whether the header's members are sorted.

        Returns:
            The token in JWS Compact Serialization.

        Raises:
            InvalidKeyError: The key is none for the algorithm.
            NotImplementedError: There is no such algorithm.
            InvalidTokenError: A header is none that a token may have.
            TypeError: The payload is no dict, ``iss`` no string, or a value is nothing that JSON has.
        """

class IssuerCore:
    """The compiled part of Issuer."""

    def __init__(
        self,
        keys: object,
        issuer: str,
        *,
        audience: str | list[str] | None,
        lifetime: int,
        token_type: str,
        clock: object,
    ) -> None: ...
    def issue(
        self,
        subject: str,
        *,
        audience: str | Collection[str] | None = None,
        lifetime: int | None = None,
        scope: str | Collection[str] | None = None,
        not_before: float | None = None,
        override: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Sign a token (RFC 7519 section 7.1) with iss, sub, exp, iat and a random jti of 128 bits.

        Args:
            subject: ``sub``: whom the token is about.
            audience: ``aud``: whom it is for; None: the issuer's audience.
            lifetime: How long it is valid, in seconds; None: the issuer's lifetime.
            scope: ``scope``: names with a space between two of them, or a collection of names (RFC 8693 section 4.2).
            not_before: ``nbf``, in seconds since the epoch.
            override: Values for claims that are the issuer's own to set (aud, exp, iat, iss, jti, nbf, scope, sub), set
                on purpose: they are taken as they are. None leaves one out.
            **claims: Further claims, as JSON has them.

        Returns:
            The token in JWS Compact Serialization.

        Raises:
            ValueError: A claim is the issuer's own, or no JSON (NaN is none), or a value is empty or out of range.
            TypeError: A value is of the wrong type.
        """

    def sign(self, claims: dict[str, Any], /) -> str:
        """Sign claims as they are, with nothing of the issuer's added (RFC 7515 section 5.1).

        Args:
            claims: All that the token says, as JSON has it.

        Returns:
            The token in JWS Compact Serialization.

        Raises:
            ValueError: The claims are no JSON; NaN is none.
            TypeError: They are no dict.
        """
