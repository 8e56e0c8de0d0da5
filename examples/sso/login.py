"""The login service: asks for a password once, and gives tokens to the services that send a browser to it.

The authorization code flow of RFC 6749 section 4.1 for clients that have a secret (so without PKCE, which clients
without one would need), with exact redirect addresses, a state, and codes that are good once. A session is a random
cookie; its ``sid`` is in every token that comes of it, so that a logout reaches them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

import redis
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from examples.sso.settings import ServiceSettings, Settings
from jwtfast import Issuer, errors
from jwtfast.refresh import RefreshGrant, RefreshTokens
from jwtfast.refresh_sqlite import SQLiteRefreshStore
from jwtfast.revocation_redis import RedisRevocationList

__all__ = ["app"]

CODE_LIFETIME, SESSION_LIFETIME = 60, 8 * 3600  # seconds
LONGEST_FORM = 8192  # bytes
FRAMES = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}  # with no-referrer, Origin would be null
FORM = """<!doctype html><title>Log in</title><form method="post" action="/login?{query}">
<input name="username" autocomplete="username"><input name="password" type="password" autocomplete="current-password">
<button>Log in</button></form>"""

settings = Settings.read()
issuer = Issuer(settings.key_ring(), issuer=settings.issuer, lifetime=settings.token_lifetime, token_type="at+jwt")  # noqa: S106
store = SQLiteRefreshStore(settings.refresh_database)
refresh = RefreshTokens(store, lifetime=SESSION_LIFETIME)
revocations = RedisRevocationList(
    redis.Redis.from_url(settings.redis), on_outage="keep", max_lifetime=settings.token_lifetime
)


class Session(NamedTuple):
    """A browser that has logged in."""

    subject: str
    session_id: str
    ends_at: float


class Code(NamedTuple):
    """What an authorization code is good for."""

    client_id: str
    redirect_uri: str
    session: Session
    ends_at: float


# In memory, since there is one process of this service: with several, a database's business. By hashes, as all else is.
sessions: dict[str, Session] = {}
codes: dict[str, Code] = {}


def hashed(secret: str) -> str:
    """Give what a random secret is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()


# ---- the browser's side ----


async def authorize(request: Request) -> Response:
    """Send a browser back with a code if it has logged in, else ask for the password (RFC 6749 section 4.1.1)."""
    query = request.query_params
    service = settings.service(query.get("client_id", ""))
    if service is None or query.get("redirect_uri") != service.redirect_uri or query.get("response_type") != "code":
        return JSONResponse({"error": "invalid_request"}, 400)  # and no redirect: nobody knows to whom
    session = session_of(request)
    if session is None:
        return HTMLResponse(FORM.format(query=html.escape(urlencode(query))), headers=PRIVATE | FRAMES)
    code = secrets.token_urlsafe(32)
    forget_ended()
    codes[hashed(code)] = Code(service.client_id, service.redirect_uri, session, time.time() + CODE_LIFETIME)
    answer = urlencode({"code": code, "state": query.get("state", "")})
    return RedirectResponse(f"{service.redirect_uri}?{answer}", 303, PRIVATE)


async def login(request: Request) -> Response:
    """Check a password, and begin a session."""
    if not is_of_our_pages(request):
        return JSONResponse({"error": "cross_site"}, 403)
    form = await form_of(request)
    name, password = form.get("username", ""), form.get("password", "")
    if not await run_in_threadpool(is_password, name, password):
        return JSONResponse({"error": "wrong_name_or_password"}, 403)
    cookie = secrets.token_urlsafe(32)
    forget_ended()
    sessions[hashed(cookie)] = Session(name, secrets.token_urlsafe(16), time.time() + SESSION_LIFETIME)
    response = RedirectResponse(f"/authorize?{request.url.query}", 303, PRIVATE)
    secure = request.url.scheme == "https"
    response.set_cookie("login", cookie, SESSION_LIFETIME, httponly=True, samesite="lax", secure=secure)
    return response


async def logout(request: Request) -> Response:
    """Log the user of this session out everywhere: all sessions, all tokens, in all services."""
    session = session_of(request)
    if session is None or not is_of_our_pages(request):
        return JSONResponse({"error": "no_session"}, 403)
    await run_in_threadpool(log_out, session.subject)
    response = JSONResponse({"logged_out": session.subject})
    response.delete_cookie("login")
    return response


def log_out(subject: str) -> None:
    """End the sessions first, so that nothing new comes of them, and then the tokens that are out there."""
    for key, session in list(sessions.items()):
        if session.subject == subject:
            del sessions[key]
            refresh.revoke_session(session.session_id)
            # The session never comes back, so a token that is being issued at this moment is revoked with the others.
            soon = time.time() + CODE_LIFETIME
            revocations.revoke_session(settings.issuer, session.session_id, issued_before=soon)
    refresh.revoke_subject(subject)


def forget_ended() -> None:
    """Forget what has ended, so that memory doesn't fill up."""
    now = time.time()
    for key in [key for key, session in list(sessions.items()) if now >= session.ends_at]:
        sessions.pop(key, None)
    for key in [key for key, code in list(codes.items()) if now >= code.ends_at]:
        codes.pop(key, None)


def session_of(request: Request) -> Session | None:
    """Give the session of a request's cookie."""
    session = sessions.get(hashed(request.cookies.get("login", "")))
    return session if session is not None and time.time() < session.ends_at else None


def is_of_our_pages(request: Request) -> bool:
    """Tell whether a request that changes something comes from a page of ours, as browsers say it."""
    return request.headers.get("origin", settings.issuer) == settings.issuer


def is_password(name: str, password: str) -> bool:
    """Tell whether it is a user's password; it takes as long for a user that there is not."""
    user = settings.users.get(name, {"salt": "00", "hash": "00"})
    found = hashlib.scrypt(password.encode(), salt=bytes.fromhex(user["salt"]), n=2**14, r=8, p=1)
    return hmac.compare_digest(found.hex(), user["hash"])


# ---- the services' side ----


async def token(request: Request) -> Response:
    """Give tokens for a code, or for a refresh token (RFC 6749 sections 4.1.3 and 6)."""
    service = client_of(request)
    if service is None:
        return JSONResponse({"error": "invalid_client"}, 401, PRIVATE | {"WWW-Authenticate": "Basic"})
    form = await form_of(request)
    kind = form.get("grant_type")
    try:
        if kind == "authorization_code":
            grant = await run_in_threadpool(grant_for_code, service, form)
        elif kind == "refresh_token":
            grant = await run_in_threadpool(
                refresh.exchange, form.get("refresh_token", ""), client_id=service.client_id
            )
        else:
            return JSONResponse({"error": "unsupported_grant_type"}, 400, PRIVATE)
    except errors.RefreshTokenError as error:
        return JSONResponse({"error": "invalid_grant", "error_description": error.code}, 400, PRIVATE)
    except errors.UnavailableError:
        return JSONResponse({"error": "temporarily_unavailable"}, 503, PRIVATE)
    access = issuer.issue(
        grant.subject,
        audience=grant.audience,
        scope=grant.scope,
        client_id=grant.client_id,
        sid=grant.session_id,
    )
    answer = {"access_token": access, "token_type": "Bearer", "expires_in": settings.token_lifetime}
    return JSONResponse(answer | {"refresh_token": grant.token, "scope": grant.scope}, headers=PRIVATE)


def grant_for_code(service: ServiceSettings, form: dict[str, str]) -> RefreshGrant:
    """Take a code in, which is good once, and for the client and the session that it was made for."""
    code = codes.pop(hashed(form.get("code", "")), None)
    if (
        code is None
        or time.time() >= code.ends_at
        or (code.client_id, code.redirect_uri) != (service.client_id, form.get("redirect_uri"))
    ):
        raise errors.UnknownRefreshTokenError
    grant = refresh.issue(
        code.session.subject,
        client_id=service.client_id,
        audience=service.url,
        scope="read",
        session_id=code.session.session_id,
    )
    if code.session not in sessions.values():  # logged out before now, or just now
        refresh.revoke_family(grant.family)
        raise errors.RefreshTokenRevokedError
    return grant


def client_of(request: Request) -> ServiceSettings | None:
    """Authenticate a client by its secret (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return None
    service = settings.service(client_id)
    if scheme.lower() != "basic" or service is None:
        return None
    return service if hmac.compare_digest(service.client_secret.encode(), secret.encode()) else None


async def form_of(request: Request) -> dict[str, str]:
    """Give the fields of a short form that are there once."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return {}
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


async def jwks(_: Request) -> Response:
    """Publish the keys (RFC 7517 section 5)."""
    return JSONResponse(issuer.jwks(), headers={"Cache-Control": f"max-age={int(settings.document_lifetime)}"})


async def openid_configuration(_: Request) -> Response:
    """Publish where everything is (OpenID Connect Discovery section 4)."""
    return JSONResponse(issuer.openid_configuration())


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Close what is open when the service stops."""
    yield
    revocations.close()
    store.close()


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/authorize", authorize),
        Route("/login", login, methods=["POST"]),
        Route("/logout", logout, methods=["POST"]),
        Route("/token", token, methods=["POST"]),
        Route("/.well-known/jwks.json", jwks),
        Route("/.well-known/openid-configuration", openid_configuration),
    ],
)
