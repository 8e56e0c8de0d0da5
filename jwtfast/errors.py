"""Everything that jwtfast raises.

The classes that PyJWT has carry PyJWT's names, since those are what programs catch. Each class has a stable ``code``,
fit for a metric's label, and ``bearer_error``, the error code of RFC 6750 section 3.1 that a protected resource answers
with (``None``: it answers without one). No message holds a secret, a token, or a claim's value.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "CriticalHeaderError",
    "CrossSiteRequestError",
    "DecodeError",
    "ExpiredSignatureError",
    "ImmatureSignatureError",
    "InsufficientScopeError",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidClaimError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidJTIError",
    "InvalidKeyError",
    "InvalidRequestError",
    "InvalidSignatureError",
    "InvalidSubjectError",
    "InvalidTokenError",
    "InvalidTokenTypeError",
    "JWTError",
    "KeyRingError",
    "KeySetUnavailableError",
    "MissingRequiredClaimError",
    "MissingTokenError",
    "RefreshStoreError",
    "RefreshTokenError",
    "RefreshTokenExpiredError",
    "RefreshTokenReusedError",
    "RefreshTokenRevokedError",
    "RevocationListFullError",
    "RevocationListUnavailableError",
    "RevokedTokenError",
    "RotationTooEarlyError",
    "TokenTooLargeError",
    "UnavailableError",
    "UnknownKeyError",
    "UnknownRefreshTokenError",
]


class JWTError(Exception):
    """The base of all of them."""

    code: ClassVar[str] = "error"


class InvalidKeyError(JWTError):
    """Raised while a key or a key set is built from material that must not, or can't, be used."""

    code = "invalid_key"


class UnavailableError(JWTError):
    """The base of what is raised where a token can't be judged at this time; it may be good (503, not 401)."""

    code = "unavailable"


class KeySetUnavailableError(UnavailableError):
    """Raised when there are no usable keys to judge a token with; the token may be good (503, not 401)."""

    code = "keys_unavailable"


class RevocationListUnavailableError(UnavailableError):
    """Raised when it is not known what has been revoked lately, or what is to be revoked can't be told to all.

    The token may be good (503, not 401); what was to be revoked is to be revoked again.
    """

    code = "revocations_unavailable"


class RevocationListFullError(JWTError):
    """Raised when there is no room for another revocation in a list; nothing that it holds was given up."""

    code = "revocations_full"


class KeyRingError(JWTError):
    """Raised when a key ring can't be read, written or changed as asked; what was there is as it was."""

    code = "key_ring"


class RotationTooEarlyError(KeyRingError):
    """Raised when a ring is to be rotated to a key that verifiers may not know yet; ``ready_at`` is the instant."""

    code = "rotation_too_early"

    def __init__(self, ready_at: float) -> None:
        super().__init__(ready_at)
        self.ready_at = ready_at

    def __str__(self) -> str:
        return (
            f"the next key has not been published for long enough: rotate at {self.ready_at:.0f} (seconds since the "
            "epoch) or later, or with force=True, when verifiers that have not fetched it yet will refuse its tokens"
        )


class RefreshStoreError(UnavailableError):
    """Raised when the store of refresh tokens can't be asked; the token may be good (503, not 400)."""

    code = "refresh_store_unavailable"


class RefreshTokenError(JWTError):
    """The base of all that is wrong with a refresh token (``invalid_grant``, RFC 6749 section 5.2)."""

    code = "refresh_token"


class UnknownRefreshTokenError(RefreshTokenError):
    """Raised when nothing is known of a refresh token, or it was issued to another client."""

    code = "refresh_token_unknown"


class RefreshTokenExpiredError(RefreshTokenError):
    """Raised when a refresh token was not used for too long, or its family has reached its age limit."""

    code = "refresh_token_expired"


class RefreshTokenRevokedError(RefreshTokenError):
    """Raised when a refresh token's family was revoked before."""

    code = "refresh_token_revoked"


class RefreshTokenReusedError(RefreshTokenError):
    """Raised when a refresh token is used that was exchanged before: it has leaked, and its family is revoked now.

    ``record`` is what the family was bound to, so that the access tokens of its session can be revoked too.
    """

    code = "refresh_token_reused"
    record: Any = None


class InvalidTokenError(JWTError):
    """The base of all that ``verify`` raises for what is wrong with a token."""

    code = "invalid_token"
    bearer_error: ClassVar[str | None] = "invalid_token"


class MissingTokenError(InvalidTokenError):
    """Raised when a request carries no bearer token at all (401 without an error code, RFC 6750 section 3.1)."""

    code = "missing_token"
    bearer_error = None


class InvalidRequestError(InvalidTokenError):
    """Raised when a request breaks the syntax of bearer tokens, or carries more than one (RFC 6750 sections 2, 3.1)."""

    code = "invalid_request"
    bearer_error = "invalid_request"


class CrossSiteRequestError(InvalidTokenError):
    """Raised when a token came in a cookie and nothing shows that a page of one's own site sent the request (403)."""

    code = "cross_site_request"
    bearer_error = None


class InsufficientScopeError(InvalidTokenError):
    """Raised when a good token lacks a scope or a claim that the resource asks for (403); ``scope`` would do."""

    code = "insufficient_scope"
    bearer_error = "insufficient_scope"

    def __init__(self, message: str, scope: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.scope = scope


class DecodeError(InvalidTokenError):
    """Raised when a token is malformed: not three segments of canonical base64url, or not the JSON it has to be."""

    code = "malformed"


class TokenTooLargeError(DecodeError):
    """Raised when a token is longer than ``max_token_bytes``."""

    code = "too_large"


class InvalidSignatureError(DecodeError):
    """Raised when a token's signature is not that of its header and payload under any key that may have made it."""

    code = "bad_signature"


class InvalidAlgorithmError(InvalidTokenError):
    """Raised when no key of the verifier has the algorithm that the token's header names."""

    code = "algorithm_not_allowed"


class UnknownKeyError(InvalidTokenError):
    """Raised when there are keys of the token's algorithm, but none that its ``kid`` picks, or too many to try."""

    code = "unknown_key"


class CriticalHeaderError(InvalidTokenError):
    """Raised when a header asks, by ``crit`` or ``b64``, for an extension that a verifier must understand or refuse."""

    code = "critical_header"


class InvalidTokenTypeError(InvalidTokenError):
    """Raised when the header's ``typ`` is not the ``token_type`` that the verifier was configured with."""

    code = "wrong_type"


class ExpiredSignatureError(InvalidTokenError):
    """Raised when a token's ``exp`` has passed, or its ``iat`` is further back than ``max_age``."""

    code = "expired"


class ImmatureSignatureError(InvalidTokenError):
    """Raised when a token's ``nbf`` or ``iat`` is in the future."""

    code = "not_yet_valid"


class InvalidIssuedAtError(InvalidTokenError):
    """Raised when a token's ``iat`` is not a number."""

    code = "invalid_issued_at"


class InvalidIssuerError(InvalidTokenError):
    """Raised when a token's ``iss`` is not one that the verifier was configured with, or not a string."""

    code = "wrong_issuer"


class InvalidAudienceError(InvalidTokenError):
    """Raised when a token's ``aud`` doesn't name the verifier's audience, is malformed, or is there unasked for."""

    code = "wrong_audience"


class InvalidSubjectError(InvalidTokenError):
    """Raised when a token's ``sub`` is not a string, or not the one asked for."""

    code = "invalid_subject"


class InvalidJTIError(InvalidTokenError):
    """Raised when a token's ``jti`` is not a string."""

    code = "invalid_jti"


class InvalidClaimError(InvalidTokenError):
    """Raised when a claim that the verifier asks for by name is of the wrong form or has another value."""

    code = "invalid_claim"

    def __init__(self, claim: str) -> None:
        super().__init__(claim)
        self.claim = claim

    def __str__(self) -> str:
        return f"the claim {self.claim!r} is not what this verifier asks for"


class MissingRequiredClaimError(InvalidTokenError):
    """Raised when a claim that the verifier requires is absent; ``claim`` is its name."""

    code = "missing_claim"

    def __init__(self, claim: str) -> None:
        super().__init__(claim)
        self.claim = claim

    def __str__(self) -> str:
        return f'Token is missing the "{self.claim}" claim'


class RevokedTokenError(InvalidTokenError):
    """Raised when a token is good in itself, and has been revoked."""

    code = "revoked"
