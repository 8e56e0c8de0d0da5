"""Reads a gateway.toml, and says of a wrong one where it is wrong and what to write instead."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from jwtfast import ANY, Key, KeySet, RemoteKeySet, Verifier
from jwtfast.algorithms import ALGORITHMS
from jwtfast.credentials import AuthorizationHeader, Cookie, Credentials
from jwtfast.errors import InvalidKeyError
from jwtfast.gateway import document as tables
from jwtfast.gateway.document import Document, IssuerTable, KeyTable
from jwtfast.gateway.forwarded_claims import ForwardedClaim
from jwtfast.gateway.toml_lines import TomlPath, line_of
from jwtfast.refusal import checked_realm
from jwtfast.requirement import Require, Requirement
from jwtfast.revocation import Revocations

__all__ = ["Configuration", "ConfigurationError", "TrustedIssuer", "read_configuration", "text_of"]

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_TABLES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "": Document,
    "server": tables.ServerTable,
    "proxy": tables.ProxyTable,
    "issuers": IssuerTable,
    "keys": KeyTable,
    "rules": tables.RuleTable,
    "tokens": tables.TokensTable,
    "cookie": tables.CookieTable,
    "cache": tables.CacheTable,
    "revocations": tables.RevocationsTable,
    "forward": tables.ForwardTable,
    "log": tables.LogTable,
}
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")  # RFC 9110 section 5.1, of which proxies take these
_HOST: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\]")
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_~.!$&'()*+,=:@-]+)*/?")
_METHOD: Final = re.compile(r"[A-Z][A-Z-]{0,31}")
# Those that mean something to a proxy, to which it would be told by a claim.
_NO_FORWARDING: Final = frozenset(
    [
        *("cache-control", "connection", "content-length", "content-type", "date", "host", "keep-alive", "location"),
        *("proxy-authenticate", "server", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade"),
        "www-authenticate",
    ]
)


class ConfigurationError(ValueError):
    """Raised for a file that is wrong; the message says where, and what to write instead."""


class _WrongError(Exception):
    """What is wrong, and where in the document."""

    def __init__(self, path: TomlPath, message: str) -> None:
        super().__init__(message)
        self.path = path


class TrustedIssuer(NamedTuple):
    """An issuer, ready for a verifier to be made of."""

    name: str
    table: IssuerTable
    keys: KeySet | RemoteKeySet

    def verifier(self, *, max_token_bytes: int, cache: tables.CacheTable, revocations: Revocations | None) -> Verifier:
        """Make its verifier."""
        table = self.table
        return Verifier(
            self.keys,
            issuer=table.issuer,
            audience=ANY if table.any_audience else table.audience,
            required=table.required,
            token_type=table.token_type,
            leeway=table.leeway,
            max_age=table.max_age,
            max_token_bytes=max_token_bytes,
            cache_tokens=cache.tokens,
            cache_bytes=cache.bytes,
            cache_ttl=cache.ttl,
            revocations=revocations,
        )


class Configuration(NamedTuple):
    """A file that is right."""

    document: Document
    host: str
    port: int
    trusted: tuple[IPNetwork, ...]
    issuers: tuple[TrustedIssuer, ...]
    credentials: tuple[Credentials, ...]
    requirements: tuple[Requirement | None, ...]
    """What each rule asks of a token besides its being good."""
    forward: tuple[ForwardedClaim, ...]
    redis_url: str | None


def read_configuration(path: Path, text: str | None = None, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read a file, with the files and secrets that it names. Nothing is asked over a network.

    Args:
        path: The file.
        text: What is in it, where it was read already.
        environ: Where secrets are.

    Returns:
        What it says.

    Raises:
        ConfigurationError: It can't be read, or is wrong.
    """
    if text is None:
        text = text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(where[1]) if where and where[1] else len(text.splitlines())
        msg = f"{path}:{line}: it is no TOML: {str(error).split(' (at ')[0]}"
        raise ConfigurationError(msg) from None
    try:
        return _Reading(path.parent, environ, _converted(content)).configuration()
    except _WrongError as error:
        place = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, error.path)))
        msg = f"{path}:{line_of(text, error.path)}: {place + ': ' if place else ''}{error}"
        raise ConfigurationError(msg) from None


def text_of(path: Path) -> str:
    """Give what is in a file.

    Raises:
        ConfigurationError: It can't be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path}: it can't be read: {error.strerror}"
    except UnicodeDecodeError:
        msg = f"{path}: it can't be read: it is not UTF-8"
    raise ConfigurationError(msg)


def _converted(content: Mapping[str, Any]) -> Document:
    try:
        return msgspec.convert(content, Document)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        raise _explained(message, _path_in(where)) from None


def _path_in(where: str) -> TomlPath:
    parts = re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+|\.\.\.)\]", where)
    return tuple(name or (int(place) if place.isdigit() else place) for name, place in parts)


def _explained(message: str, path: TomlPath) -> _WrongError:
    table = _TABLES[next((part for part in reversed(path) if isinstance(part, str) and part in _TABLES), "")]
    known = table.__struct_fields__
    nameless = "..." in path  # msgspec doesn't tell which member of a table of any names it is
    path = path[: path.index("...")] if nameless else path
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        close = get_close_matches(unknown[1], known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {_listed(known)}"
        return _WrongError(path if nameless else (*path, unknown[1]), f"there is no key {unknown[1]!r}; {hint}")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", message):
        return _WrongError(path, f"{missing[1]!r} is missing: {_MISSING.get(missing[1], 'add it')}")
    return _WrongError(path, _in_words_of_toml(message, path, table))


_MISSING: Final = {
    "proxy": "add [proxy] with trusted = ['127.0.0.1'] and original_request = 'x-original'",
    "issuers": 'add [[issuers]] with issuer = "https://login.example" and where its keys are',
    "rules": 'add [[rules]], like one with prefix = "/" and access = "token"',
    "issuer": 'add issuer = "https://login.example", as the tokens\' iss has it',
    "trusted": 'name the proxies\' addresses, like trusted = ["127.0.0.1", "10.0.0.0/8"]',
    "original_request": 'say original_request = "x-original", "x-forwarded" or "request-line"',
    "on_outage": 'say on_outage = "keep" or "refuse"',
    "claim": 'name the claim, like claim = "sub"',
}


def _in_words_of_toml(message: str, path: TomlPath, table: type[msgspec.Struct]) -> str:
    if message.startswith("Invalid enum value"):
        kind = next((one.type for one in msgspec.structs.fields(table) if path and one.name == path[-1]), None)
        return f"it is one of {_listed(getattr(kind, '__args__', ()))}"
    if pattern := re.fullmatch(r"Expected `str` matching regex (.*)", message):
        return f"it is a string that matches {pattern[1]}"
    words = message.replace("object", "table").replace("`str`", "`string`")
    words = words.replace("of length >= 1", "that isn't empty")
    return words[0].lower() + words[1:]


def _listed(names: Collection[Any]) -> str:
    return ", ".join(repr(name) for name in names)


@contextmanager
def _at(*path: str | int) -> Iterator[None]:
    """Say of a value that something else refuses where it stands."""
    try:
        yield
    except (InvalidKeyError, ValueError, TypeError) as error:
        raise _WrongError(path, str(error)) from None
    except OSError as error:
        raise _WrongError(path, f"the file can't be read: {error.strerror}") from None


class _Reading:
    """What must hold between the values of a document whose types are right."""

    def __init__(self, folder: Path, environ: Mapping[str, str], document: Document) -> None:
        self._folder, self._environ, self._document = folder, environ, document

    def configuration(self) -> Configuration:
        document = self._document
        host, port = self._listen()
        self._check_paths()
        issuers = tuple(self._issuer(place, table) for place, table in enumerate(document.issuers))
        self._check_names([issuer.name for issuer in issuers], [issuer.table.issuer for issuer in issuers])
        identifiers = {issuer.name: issuer.table.issuer for issuer in issuers}
        requirements = []
        for place, rule in enumerate(document.rules):
            self._check_rule(place, rule, identifiers)
            requirements.append(self._requirement(place, rule, identifiers))
        with _at("proxy", "realm"):
            checked_realm(document.proxy.realm)
        return Configuration(
            document=document,
            host=host,
            port=port,
            trusted=self._trusted(),
            issuers=issuers,
            credentials=tuple(self._credentials()),
            requirements=tuple(requirements),
            forward=tuple(self._forwarded()),
            redis_url=self._redis_url(),
        )

    def _listen(self) -> tuple[str, int]:
        match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+):([0-9]{1,5})", self._document.server.listen)
        if match is None or not 0 < int(match[2]) < 65536:
            message = "it is an address and a port, like '127.0.0.1:9090' or '[::1]:9090'"
            raise _WrongError(("server", "listen"), message)
        return match[1].strip("[]"), int(match[2])

    def _check_paths(self) -> None:
        path = self._document.server.path
        if not _PATH.fullmatch(path) or path.endswith("/") or path in {"/healthz", "/readyz", "/metrics"}:
            raise _WrongError(
                ("server", "path"), "it is a path like '/auth', and not '/healthz', '/readyz' or '/metrics'"
            )

    def _trusted(self) -> tuple[IPNetwork, ...]:
        found = []
        for place, text in enumerate(self._document.proxy.trusted):
            with _at("proxy", "trusted", place):
                found.append(ipaddress.ip_network(text))
        if not found:
            message = "nobody is trusted, so nobody could ask: name the proxies' addresses"
            raise _WrongError(("proxy", "trusted"), message)
        return tuple(found)

    def _credentials(self) -> Iterator[Credentials]:
        table = self._document.tokens
        if not table.authorization and table.cookie is None:
            message = "a token is nowhere to be read: say authorization = true, or add [tokens.cookie]"
            raise _WrongError(("tokens",), message)
        if table.authorization:
            yield AuthorizationHeader()
        if (cookie := table.cookie) is not None:
            with _at("tokens", "cookie"):
                yield Cookie(
                    cookie.name,
                    csrf_cookie=cookie.csrf_cookie,
                    csrf_header=cookie.csrf_header,
                    origins=cookie.origins,
                )

    # ---- issuers ----

    def _issuer(self, place: int, table: IssuerTable) -> TrustedIssuer:
        issuer = TrustedIssuer(table.name or table.issuer, table, self._key_set(place, table))
        revocations = self._document.revocations
        if revocations is not None and table.leeway > revocations.leeway:
            raise _WrongError(("issuers", place, "leeway"), "it is more than that of [revocations]: raise that one")
        with _at("issuers", place):
            document = self._document
            issuer.verifier(max_token_bytes=document.tokens.max_bytes, cache=document.cache, revocations=None)
        return issuer

    def _key_set(self, place: int, table: IssuerTable) -> KeySet | RemoteKeySet:
        here: TomlPath = ("issuers", place)
        sources = [table.jwks_url is not None, table.discovery, bool(table.keys)]
        if sum(sources) != 1:
            message = "say where its keys are, once: jwks_url = '...', discovery = true, or [[issuers.keys]]"
            raise _WrongError(here, message)
        if table.audience is not None and table.any_audience:
            raise _WrongError((*here, "any_audience"), "say audience or any_audience, not both")
        if table.keys:
            keys: list[Key] = []
            for number, source in enumerate(table.keys):
                keys += self._keys((*here, "keys", number), source, table)
            with _at(*here, "keys"):
                return KeySet(keys)
        options: dict[str, Any] = {
            name: getattr(table, name)
            for name in ("min_lifetime", "max_lifetime", "stale_for", "cool_down", "max_wait", "timeout", "allow_http")
        }
        if table.algorithms is not None:
            options["algorithms"] = table.algorithms
        with _at(*here, "discovery" if table.discovery else "jwks_url"):
            if table.jwks_url is not None:
                return RemoteKeySet(table.jwks_url, **options)
            return RemoteKeySet.from_discovery(table.issuer, **options)

    def _keys(self, here: TomlPath, source: KeyTable, issuer: IssuerTable) -> list[Key]:
        if (source.file is None) == (source.secret_env is None):
            raise _WrongError(here, "it is file = '...' or secret_env = '...', one of them")
        if source.algorithm is not None and source.algorithm not in ALGORITHMS:
            raise _WrongError((*here, "algorithm"), f"known are {', '.join(ALGORITHMS)}")
        if source.secret_env is not None:
            with _at(*here, "algorithm"):
                if source.algorithm is None:
                    msg = "'algorithm' is missing: say what the secret is for, like algorithm = \"HS256\""
                    raise ValueError(msg)
            with _at(*here, "secret_env"):
                secret = self._environment(source.secret_env)
                return [Key.from_secret(secret, source.algorithm, key_id=source.key_id)]
        return self._keys_in_file(here, source, issuer)

    def _keys_in_file(self, here: TomlPath, source: KeyTable, issuer: IssuerTable) -> list[Key]:
        assert source.file is not None  # noqa: S101 - the caller has looked
        with _at(*here, "file"):
            content = (self._folder / source.file).read_bytes()
            if not content.lstrip().startswith(b"{"):
                return [Key.from_pem(content, source.algorithm, key_id=source.key_id)]
            if source.algorithm is not None or source.key_id is not None:
                msg = "a file in JSON says by itself what its keys are for: leave out algorithm and key_id"
                raise ValueError(msg)
            if "keys" in msgspec.json.decode(content):
                named = {"algorithms": issuer.algorithms} if issuer.algorithms is not None else {}
                return list(KeySet.from_jwks(content, **named))
            return [Key.from_jwk(content)]

    def _environment(self, name: str) -> str:
        if not self._environ.get(name):
            msg = f"the environment has no variable {name!r}, or an empty one: set it where the gateway is started"
            raise ValueError(msg)
        return self._environ[name]

    def _check_names(self, names: list[str], issuers: list[str]) -> None:
        for place, (name, issuer) in enumerate(zip(names, issuers, strict=True)):
            if issuer in issuers[:place]:
                raise _WrongError(("issuers", place, "issuer"), "another [[issuers]] has it already: join them")
            if name in names[:place]:
                raise _WrongError(("issuers", place, "name"), "another [[issuers]] has this name already")

    # ---- rules ----

    def _check_rule(self, place: int, rule: tables.RuleTable, issuers: Collection[str]) -> None:
        def check(holds: object, key: str, message: str) -> None:
            if not holds:
                raise _WrongError(("rules", place, key), message)

        check(rule.path is None or rule.prefix is None, "prefix", "a rule has a path or a prefix, not both")
        for key, path in (("path", rule.path), ("prefix", rule.prefix)):
            like = "it is a path like '/orders': decoded, absolute, without '//', dot segments, '%', ';' and '?'"
            check(path is None or (path.startswith("/") and _PATH.fullmatch(path)), key, like)
        ends = rule.prefix is not None and rule.prefix != "/" and rule.prefix.endswith("/")
        check(not ends, "prefix", "leave out the slash at its end: a prefix covers whole segments")
        like = "a host is in lower case, without a port, like 'api.example' or '*.api.example'"
        check(all(_HOST.fullmatch(host) for host in rule.hosts or ()), "hosts", like)
        like = "a method is in upper case, like 'GET'"
        check(all(_METHOD.fullmatch(method) for method in rule.methods or ()), "methods", like)
        unknown = [name for name in rule.issuers or () if name not in issuers]
        check(not unknown, "issuers", f"no [[issuers]] has such a name; known are {_listed(sorted(issuers))}")
        for key in ("issuers", "scopes", "any_scope", "claims", "present"):
            message = 'a rule without tokens can\'t ask for that: say access = "token", or leave it out'
            check(rule.access == "token" or not getattr(rule, key), key, message)

    @staticmethod
    def _requirement(place: int, rule: tables.RuleTable, issuers: Mapping[str, str]) -> Requirement | None:
        asked = []
        if rule.issuers:
            asked.append(Require.claim("iss", *(issuers[name] for name in rule.issuers)))
        with _at("rules", place, "scopes"):
            asked += [Require.scope(*rule.scopes)] if rule.scopes else []
        with _at("rules", place, "any_scope"):
            asked += [Require.any(*map(Require.scope, rule.any_scope))] if rule.any_scope else []
        with _at("rules", place, "claims"):
            for name, values in rule.claims.items():
                asked.append(Require.claim(name, *(values if isinstance(values, list) else [values])))
        asked += [Require.claim(name) for name in rule.present or ()]
        return Require.all(*asked) if asked else None

    # ---- the rest ----

    def _forwarded(self) -> Iterator[ForwardedClaim]:
        seen: set[str] = set()
        for header, target in self._document.forward.items():
            here: TomlPath = ("forward", header)
            name = header.lower()
            if not _FIELD_NAME.fullmatch(header) or name in _NO_FORWARDING:
                message = "it is the name of a header of your own, like 'X-User': letters, digits and hyphens"
                raise _WrongError(here, message)
            if name in seen:
                raise _WrongError(here, "the header is there twice: names are the same in upper and lower case")
            seen.add(name)
            table = tables.ForwardTable(claim=target) if isinstance(target, str) else target
            claim = [table.claim] if isinstance(table.claim, str) else table.claim
            if not all(claim):
                raise _WrongError(here, "the claim's name is empty")
            yield ForwardedClaim(name.encode(), tuple(claim), table.encoding)

    def _redis_url(self) -> str | None:
        table = self._document.revocations
        if table is None:
            return None
        if (table.redis_url is None) == (table.redis_url_env is None):
            message = "say redis_url = 'redis://...', or redis_url_env with its variable's name"
            raise _WrongError(("revocations",), message)
        key = "redis_url" if table.redis_url is not None else "redis_url_env"
        with _at("revocations", key):
            url = table.redis_url if table.redis_url is not None else self._environment(str(table.redis_url_env))
            if not url.startswith(("redis://", "rediss://", "unix://")):
                msg = "it begins with redis://, rediss:// or unix://"
                raise ValueError(msg)
        return url
