"""A resource service: it has no users and no passwords, only tokens that the login service signed.

It is run twice, under two names and addresses. Its browser gets the tokens as cookies that no script can read; a
service for other programs would take them from the Authorization header.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx2
import redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from examples.sso.settings import Settings
from jwtfast import RemoteKeySet, Token, Verifier, errors
from jwtfast.revocation_redis import RedisRevocationList

__all__ = ["app"]

settings = Settings.read()
found = settings.service(os.environ["SSO_SERVICE"])
if found is None:
    msg = "SSO_SERVICE names a service of the settings"
    raise SystemExit(msg)
service = found

keys = RemoteKeySet.from_discovery(
    settings.issuer,
    min_lifetime=settings.document_lifetime / 2,
    max_lifetime=settings.document_lifetime,
    cool_down=settings.document_lifetime / 4,
)
revocations = RedisRevocationList(
    redis.Redis.from_url(settings.redis), on_outage="refuse", max_lifetime=settings.token_lifetime
)
verifier = Verifier.for_access_tokens(keys, issuer=settings.issuer, audience=service.url, revocations=revocations)
login = httpx2.AsyncClient(
    base_url=settings.issuer, auth=(service.client_id, service.client_secret), timeout=5, follow_redirects=False
)


async def home(request: Request) -> Response:
    """Tell who asks, by a token that is verified on every request; send strangers to the login service."""
    try:
        token = await verifier.verify_async(request.cookies.get(cookie("access"), ""))
    except errors.ExpiredSignatureError:
        return await renew(request)
    except errors.InvalidTokenError as error:
        return log_in(error.code)
    except errors.UnavailableError:
        return JSONResponse({"error": "try_again"}, 503)  # the token may be good
    return JSONResponse(about(token))


def about(token: Token) -> dict[str, object]:
    """Tell what the token says."""
    return {"service": service.client_id, "subject": token.subject, "scope": sorted(token.scopes), "kid": token.key_id}


def cookie(name: str) -> str:
    """Name a cookie. Hosts have cookies, ports have none: services on one host must not share their names."""
    return f"{service.client_id}_{name}"


def log_in(reason: str) -> Response:
    """Send a browser to the login service, with a state that only this browser brings back (RFC 6749 section 10.12)."""
    state = secrets.token_urlsafe(32)
    query = {
        "response_type": "code",
        "client_id": service.client_id,
        "redirect_uri": service.redirect_uri,
        "state": state,
    }
    response = RedirectResponse(f"{settings.issuer}/authorize?{urlencode(query)}", 303, {"X-Reason": reason})
    return with_cookies(response, state=state)


async def callback(request: Request) -> Response:
    """Exchange the code that the browser brings for tokens."""
    query, state = request.query_params, request.cookies.get(cookie("state"), "")
    if not state or not hmac.compare_digest(state.encode(), query.get("state", "").encode()):
        return JSONResponse({"error": "wrong_state"}, 403)
    form = {"code": query.get("code", ""), "redirect_uri": service.redirect_uri}
    return await with_tokens("authorization_code", form)


async def renew(request: Request) -> Response:
    """Exchange the refresh token for new ones."""
    return await with_tokens("refresh_token", {"refresh_token": request.cookies.get(cookie("refresh"), "")})


async def with_tokens(kind: str, form: dict[str, str]) -> Response:
    """Ask the login service for tokens, and come back with them."""
    answer = await login.post("/token", data={"grant_type": kind, **form})
    if answer.status_code != 200:
        return log_in("refused")
    tokens = answer.json()
    response = RedirectResponse("/", 303, {"X-Reason": kind})
    return with_cookies(response, access=tokens["access_token"], refresh=tokens["refresh_token"])


def with_cookies(response: Response, **values: str) -> Response:
    """Give a browser cookies that go to this host alone, from its own pages, and that no script can read."""
    for name, value in values.items():
        secure = service.url.startswith("https:")
        response.set_cookie(cookie(name), value, httponly=True, samesite="lax", secure=secure)
    response.headers["Cache-Control"] = "no-store"
    return response


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Fetch the keys before the first request comes, and close what is open when the service stops."""
    await keys.refresh_async()
    yield
    await login.aclose()
    revocations.close()
    keys.close()


app = Starlette(lifespan=lifespan, routes=[Route("/", home), Route("/callback", callback)])
