/* Why a token is refused. The names say it; the words for people stand beside the exception classes in refusal.pxi. */
#ifndef JF_VERDICT_H
#define JF_VERDICT_H

typedef enum {
    JF_GOOD,
    JF_NOT_ASCII,
    JF_TOO_LARGE,
    JF_NOT_THREE_SEGMENTS,
    JF_ENCRYPTED,
    JF_HEADER_ENCODING,
    JF_HEADER_JSON,
    JF_HEADER_DUPLICATE,
    JF_HEADER_ALG,
    JF_HEADER_KID,
    JF_HEADER_TYP,
    JF_HEADER_CRIT,
    JF_HEADER_B64,
    JF_ALGORITHM,
    JF_UNKNOWN_KEY,
    JF_KEY_AWAITED,     /* unknown, and a fetch that may bring it is under way */
    JF_TOO_MANY_KEYS,
    JF_TOKEN_TYPE,
    JF_SIGNATURE_ENCODING,
    JF_SIGNATURE,
    JF_PAYLOAD_ENCODING,
    JF_PAYLOAD_JSON,
    JF_PAYLOAD_DUPLICATE,
    JF_PAYLOAD_TOO_DEEP,
    JF_PAYLOAD_TOO_BIG,
    JF_REVOKED,
    JF_CLAIM_MISSING,   /* from here on a claim's name goes with the verdict */
    JF_CLAIM_MALFORMED,
    JF_EXPIRED,
    JF_TOO_OLD,
    JF_NOT_YET_VALID,
    JF_ISSUED_IN_FUTURE,
    JF_ISSUER,
    JF_AUDIENCE,
    JF_AUDIENCE_UNASKED,
    JF_CLAIM_VALUE,
    JF_VERDICTS
} jf_verdict;

#endif
