"""One configuration at work: its verifier, its rules, and the answers that it gives."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson

from jwtfast import MultiIssuerVerifier, RemoteKeySet, Token, Verifier
from jwtfast.asgi import accept_of
from jwtfast.errors import JWTError
from jwtfast.gateway.configuration import Configuration, TrustedIssuer
from jwtfast.gateway.counts import Row, place_of
from jwtfast.gateway.document import Document
from jwtfast.gateway.forwarded_claims import absent_fields, forwarded_fields
from jwtfast.gateway.original_request import UntoldRequestError, reader_of
from jwtfast.gateway.rules import AmbiguousRequestError, Rule, RuleBook
from jwtfast.protected_resource import REFUSED, ProtectedResource
from jwtfast.revocation import RevocationList

__all__ = ["Decision", "Policy"]

_PEERS = 1024  # addresses that are known to be trusted or not
_REFUSALS = 1024  # answers, of which there are few
_LONGEST_ACCEPT = 256  # bytes of an Accept header whose answer is kept
_PROBLEM: Final = b"application/problem+json"

_OWN_REFUSALS: Final = {
    "untrusted_proxy": (403, "Only the proxies that the gateway trusts may ask it."),
    "untold_request": (400, "The proxy must tell the original request's method, host and URI, each once."),
    "ambiguous_request": (400, "The request's path or host could be read in more than one way."),
    "no_rule": (403, "No rule allows this request."),
}


class Decision(NamedTuple):
    """What a proxy is answered, and why."""

    code: str
    status: int
    start: Mapping[str, Any]
    """ASGI's message with the status and the headers."""
    body: bytes
    place: int
    """Where its code is counted."""


def _decision(code: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> Decision:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    kept.append((b"content-length", b"%d" % len(body)))
    start = {"type": "http.response.start", "status": status, "headers": kept}
    return Decision(code, status, start, body, place_of(code))


class Policy:
    """Decides about requests by one configuration, which doesn't change."""

    def __init__(self, configuration: Configuration, revocations: RevocationList | None, former: Policy | None) -> None:
        """Set it up; nothing is fetched yet.

        Args:
            configuration: What the file says.
            revocations: What has been revoked.
            former: The policy that it takes the place of, of which it keeps the key sets that are the same.
        """
        document = configuration.document
        self.document: Document = document
        self.redis_url = configuration.redis_url
        self.revocations = revocations
        self.issuers = tuple(_kept(issuer, former) for issuer in configuration.issuers)
        self.verifier = self._verifier()
        self._trusted = configuration.trusted
        self._peers: dict[str, bool] = {}
        self._read = reader_of(document.proxy.original_request, document.server.path)
        self._forward = configuration.forward
        self._only_401_and_403 = document.proxy.statuses == "401-403"
        resource = ProtectedResource(self.verifier, credentials=configuration.credentials, realm=document.proxy.realm)
        self._rules = RuleBook(
            [
                _rule(place, table, resource, requirement)
                for place, (table, requirement) in enumerate(
                    zip(document.rules, configuration.requirements, strict=True)
                )
            ]
        )
        absent = absent_fields(configuration.forward)
        self._public = _decision("public", 200, absent)
        self._anonymous = _decision("anonymous", 200, absent)
        self._absent = absent
        self._own = {code: self._own_refusal(code, *what) for code, what in _OWN_REFUSALS.items()}
        # Answers to tokens that were seen lately, and had what the rule asks for: the same ones come again and again. A
        # token never changes, and it is verified each time before it is looked up here.
        self._allowed: dict[tuple[Token, Rule], Decision] = {}
        self._most_allowed = min(document.cache.tokens, 10_000)
        self._refused: dict[tuple[object, ...], Decision] = {}

    # ---- the path of a request ----

    def decide(self, scope: Mapping[str, Any]) -> Decision | Awaitable[Decision]:
        """Decide about the request that a proxy asks about; what has to be awaited is a key that is being fetched.

        Args:
            scope: The proxy's own request, as ASGI has it.
        """
        found = self._route(scope)
        if isinstance(found, Decision):
            return found
        rule, method = found
        resource = rule.resource
        if resource is None:
            return self._public
        headers = scope["headers"]
        try:
            token = resource.attempt(headers, method)
            if isinstance(token, Token):
                known = self._allowed.get((token, rule))
                return self._allow(token, rule) if known is None else known
        except REFUSED as error:
            return self._refuse(error, headers, resource)
        return self._anonymous if token is None else self._wait(token, headers, rule)

    def _route(self, scope: Mapping[str, Any]) -> tuple[Rule, str | None] | Decision:
        """Find the rule, and the method as ProtectedResource takes it; or why there is none."""
        client = scope["client"]
        if not self._is_trusted(client[0] if client else ""):
            return self._own["untrusted_proxy"]
        try:
            method, host, path, opens_websocket = self._read(scope)
            rule = self._rules.find(method, host, path)
        except UntoldRequestError:
            return self._own["untold_request"]
        except AmbiguousRequestError:
            return self._own["ambiguous_request"]
        return self._own["no_rule"] if rule is None else (rule, None if opens_websocket else method)

    async def _wait(self, found: Awaitable[Token], headers: Any, rule: Rule) -> Decision:
        assert rule.resource is not None  # noqa: S101 - it has given what is awaited
        try:
            return self._allow(await found, rule)
        except REFUSED as error:
            return self._refuse(error, headers, rule.resource)

    def describe(self, scope: Mapping[str, Any]) -> dict[str, str]:
        """Tell of the request what may be logged: its method and rule, and nothing that the client chooses freely."""
        try:
            method, host, path, _ = self._read(scope)
            rule = self._rules.find(method, host, path)
        except (UntoldRequestError, AmbiguousRequestError):
            return {}
        return {"method": method} | ({"rule": rule.name} if rule is not None else {})

    def _is_trusted(self, address: str) -> bool:
        known = self._peers.get(address)
        if known is None:
            try:
                parsed = ipaddress.ip_address(address)
            except ValueError:
                return False
            mapped = getattr(parsed, "ipv4_mapped", None) or parsed
            known = any(mapped in network for network in self._trusted)
            if len(self._peers) >= _PEERS:
                self._peers.clear()
            self._peers[address] = known
        return known

    def _allow(self, token: Token, rule: Rule) -> Decision:
        if rule.requirement is not None:
            rule.requirement.demand(token)
        decision = _decision("allowed", 200, forwarded_fields(self._forward, token))
        if self._most_allowed:
            if len(self._allowed) >= self._most_allowed:
                self._allowed.clear()
            self._allowed[token, rule] = decision
        return decision

    def _refuse(self, error: JWTError, headers: Any, resource: ProtectedResource) -> Decision:
        accept = accept_of(headers)
        # All that an answer depends on: a flood of bad tokens makes none anew.
        key = (type(error), getattr(error, "scope", None), accept)
        decision = self._refused.get(key)
        if decision is not None:
            return decision
        refusal = resource.refuse(error, accept)
        status = 401 if self._only_401_and_403 and refusal.status == HTTPStatus.BAD_REQUEST else refusal.status
        decision = _decision(refusal.code, status, [*refusal.raw_headers, *self._absent], refusal.body)
        if accept is None or len(accept) <= _LONGEST_ACCEPT:
            if len(self._refused) >= _REFUSALS:
                self._refused.clear()
            self._refused[key] = decision
        return decision

    def _own_refusal(self, code: str, status: int, detail: str) -> Decision:
        if self._only_401_and_403:
            status = 403
        problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
        body = orjson.dumps(problem)
        headers = [(b"content-type", _PROBLEM), (b"cache-control", b"no-store"), *self._absent]
        return _decision(code, status, headers, body)

    # ---- what is behind it ----

    def _verifier(self) -> Verifier | MultiIssuerVerifier:
        cache = self.document.cache
        verifiers = {
            issuer.table.issuer: issuer.verifier(
                max_token_bytes=self.document.tokens.max_bytes, cache=cache, revocations=self.revocations
            )
            for issuer in self.issuers
        }
        if len(verifiers) == 1:
            return next(iter(verifiers.values()))
        return MultiIssuerVerifier(verifiers, cache_tokens=cache.tokens, cache_bytes=cache.bytes)

    @property
    def remote(self) -> list[RemoteKeySet]:
        """The key sets that are kept up to date over HTTP."""
        return [issuer.keys for issuer in self.issuers if isinstance(issuer.keys, RemoteKeySet)]

    async def fetch(self, timeout: float) -> None:  # noqa: ASYNC109 - it goes on behind the back
        """Have the keys that are not there fetched, and wait for that, though not for too long."""
        tasks = [asyncio.create_task(_fetched(keys)) for keys in self.remote if not len(keys)]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)

    def lacking(self) -> list[str]:
        """Name what there has to be before anything can be decided: issuers without keys, the list of revocations."""
        names = [issuer.name for issuer in self.issuers if not len(issuer.keys)]
        if self.revocations is not None and self.revocations.suspended:
            names.append("revocations")
        return names

    def note(self, row: Row) -> None:
        """Write down what it holds, and how its keys fare."""
        info = self.verifier.cache_info()
        row["cached_tokens"], row["cached_bytes"] = info.tokens, info.bytes
        for place, issuer in enumerate(self.issuers):
            status = issuer.keys.status() if isinstance(issuer.keys, RemoteKeySet) else None
            age = 0 if status is None or status.age is None else int(status.age)
            row.set_issuer(place, age=age, keys=len(issuer.keys), failures=status.failures if status else 0)
        state = getattr(self.revocations, "status", None)
        row["revocations"] = 0 if state is None else 1 + state().connected

    def close(self, successor: Policy | None = None) -> None:
        """End what works in the background for it, but for what its successor has taken over."""
        taken = [] if successor is None else successor.remote
        for keys in self.remote:
            if not any(keys is other for other in taken):
                keys.close()
        if self.revocations is not None and (successor is None or successor.revocations is not self.revocations):
            close = getattr(self.revocations, "close", None)
            if close is not None:
                close()


async def _fetched(keys: RemoteKeySet) -> None:
    with suppress(*REFUSED):  # what went wrong is in its own log; it will try again
        await keys.refresh_async()


def _kept(issuer: TrustedIssuer, former: Policy | None) -> TrustedIssuer:
    for other in former.issuers if former is not None else ():
        if other.table == issuer.table and isinstance(issuer.keys, RemoteKeySet):
            return other
    return issuer


def _rule(place: int, table: Any, resource: ProtectedResource, requirement: Any) -> Rule:
    asked = None if table.access == "public" else resource
    if table.access == "optional":
        asked = resource.with_optional_token()
    return Rule(
        table.name or f"rule-{place + 1}",
        asked,
        requirement,
        hosts=table.hosts or (),
        methods=table.methods or (),
        path=table.path.encode() if table.path is not None else None,
        prefix=table.prefix.rstrip("/").encode() if table.prefix is not None else None,
    )
