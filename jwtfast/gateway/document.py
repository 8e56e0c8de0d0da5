"""What a gateway.toml may hold: its tables and keys, with their types and what they are where they are left out."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

__all__ = [
    "MAX_ISSUERS",
    "CacheTable",
    "CookieTable",
    "Document",
    "ForwardTable",
    "IssuerTable",
    "KeyTable",
    "LogTable",
    "ProxyTable",
    "RevocationsTable",
    "RuleTable",
    "ServerTable",
    "TokensTable",
]

MAX_ISSUERS = 64  # as many have a place in the metrics' shared rows

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Texts = Annotated[list[_Text], msgspec.Meta(min_length=1)]
_Count = Annotated[int, msgspec.Meta(ge=0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0)]
_Plain = str | int | float | bool


class _Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: whatever else stands in it is a mistake."""


class ServerTable(_Table):
    """Where the gateway listens, and with how many processes."""

    listen: _Text = "127.0.0.1:9090"
    path: _Text = "/auth"
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    stop_timeout: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30


class ProxyTable(_Table):
    """Who asks, and how the original request is told."""

    trusted: list[_Text]
    original_request: Literal["x-original", "x-forwarded", "request-line"]
    statuses: Literal["all", "401-403"] = "all"
    realm: _Text = "api"


class CookieTable(_Table):
    """A cookie that holds the token."""

    name: _Text = "__Host-token"
    csrf_cookie: _Text = "__Host-csrf"
    csrf_header: _Text = "X-CSRF-Token"
    origins: list[_Text] = []


class TokensTable(_Table):
    """Where a request carries its token."""

    authorization: bool = True
    cookie: CookieTable | None = None
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**20)] = 16_384


class CacheTable(_Table):
    """What each process remembers."""

    tokens: _Count = 10_000
    bytes: _Count = 64 * 2**20
    ttl: _Seconds | None = None


class RevocationsTable(_Table):
    """The list of revocations in Redis."""

    on_outage: Literal["keep", "refuse"]
    redis_url: _Text | None = None
    redis_url_env: _Text | None = None
    refuse_after: _Seconds = 10
    prefix: _Text = "jwtfast:revocations"
    max_lifetime: _Seconds | None = None
    leeway: _Seconds = 300
    max_entries: _Count = 1_000_000


class KeyTable(_Table):
    """One key, or one file of keys."""

    file: _Text | None = None
    secret_env: _Text | None = None
    algorithm: _Text | None = None
    key_id: _Text | None = None


class IssuerTable(_Table):
    """An issuer that is trusted, and what its tokens must be like."""

    issuer: _Text
    name: _Text | None = None
    jwks_url: _Text | None = None
    discovery: bool = False
    keys: list[KeyTable] = []
    audience: _Text | _Texts | None = None
    any_audience: bool = False
    algorithms: _Texts | None = None
    required: list[_Text] = msgspec.field(default_factory=lambda: ["exp"])
    token_type: _Text | None = None
    leeway: _Seconds = 0
    max_age: _Seconds | None = None
    allow_http: bool = False
    min_lifetime: _Seconds = 60
    max_lifetime: _Seconds = 3600
    stale_for: _Seconds = 3600
    cool_down: _Seconds = 10
    max_wait: _Seconds = 1
    timeout: _Seconds = 10


class ForwardTable(_Table):
    """Which claim a header is to have, and how it is written."""

    claim: _Text | _Texts
    encoding: Literal["percent", "base64url"] = "percent"


class RuleTable(_Table):
    """What a set of requests needs."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] | None = None
    hosts: _Texts | None = None
    methods: _Texts | None = None
    path: _Text | None = None
    prefix: _Text | None = None
    access: Literal["token", "optional", "public"] = "token"
    issuers: _Texts | None = None
    scopes: _Texts | None = None
    any_scope: _Texts | None = None
    claims: dict[str, _Plain | Annotated[list[_Plain], msgspec.Meta(min_length=1)]] = {}
    present: _Texts | None = None


class LogTable(_Table):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    decisions: Literal["none", "refused", "all"] = "none"


class Document(_Table):
    """The whole file."""

    proxy: ProxyTable
    issuers: Annotated[list[IssuerTable], msgspec.Meta(min_length=1, max_length=MAX_ISSUERS)]
    rules: Annotated[list[RuleTable], msgspec.Meta(min_length=1)]
    server: ServerTable = msgspec.field(default_factory=ServerTable)
    tokens: TokensTable = msgspec.field(default_factory=TokensTable)
    cache: CacheTable = msgspec.field(default_factory=CacheTable)
    revocations: RevocationsTable | None = None
    forward: dict[str, str | ForwardTable] = {}
    log: LogTable = msgspec.field(default_factory=LogTable)
