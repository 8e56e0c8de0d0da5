# The words for each verdict. Nothing of the input goes into them.

cdef list REFUSALS = [None] * JF_VERDICTS
REFUSALS[JF_NOT_ASCII] = (errors.DecodeError, "a token is ASCII text; this is not")
REFUSALS[JF_TOO_LARGE] = (errors.TokenTooLargeError, "the token is longer than the verifier's max_token_bytes")
REFUSALS[JF_NOT_THREE_SEGMENTS] = (errors.DecodeError, "a token is three segments joined by dots; this is not")
REFUSALS[JF_ENCRYPTED] = (
    errors.DecodeError,
    "the token has five segments: it is encrypted (JWE), which is not supported",
)
REFUSALS[JF_HEADER_ENCODING] = (errors.DecodeError, "the header is not canonical, unpadded base64url")
REFUSALS[JF_HEADER_JSON] = (errors.DecodeError, "the header is not a JSON object in UTF-8")
REFUSALS[JF_HEADER_DUPLICATE] = (errors.DecodeError, "the header has two members of one name")
REFUSALS[JF_HEADER_ALG] = (errors.InvalidAlgorithmError, "the header has no 'alg' that is a string")
REFUSALS[JF_HEADER_KID] = (errors.DecodeError, "the header's 'kid' is not a string")
REFUSALS[JF_HEADER_TYP] = (errors.DecodeError, "the header's 'typ' is not a string")
REFUSALS[JF_HEADER_CRIT] = (
    errors.CriticalHeaderError,
    "the header's 'crit' asks for an extension that is not understood",
)
REFUSALS[JF_HEADER_B64] = (
    errors.CriticalHeaderError,
    "the header's 'b64' asks for an unencoded payload, which no JWT has",
)
REFUSALS[JF_ALGORITHM] = (errors.InvalidAlgorithmError, "no key of this verifier has the token's algorithm")
REFUSALS[JF_UNKNOWN_KEY] = (errors.UnknownKeyError, "no key of this verifier has the token's 'kid' and algorithm")
REFUSALS[JF_KEY_AWAITED] = REFUSALS[JF_UNKNOWN_KEY]
REFUSALS[JF_TOO_MANY_KEYS] = (
    errors.UnknownKeyError,
    "more than 8 keys could have signed the token: give the keys and the token a 'kid'",
)
REFUSALS[JF_TOKEN_TYPE] = (errors.InvalidTokenTypeError, "the header's 'typ' is not the token type asked for")
REFUSALS[JF_SIGNATURE_ENCODING] = (errors.DecodeError, "the signature is not canonical, unpadded base64url")
REFUSALS[JF_SIGNATURE] = (errors.InvalidSignatureError, "Signature verification failed")
REFUSALS[JF_PAYLOAD_ENCODING] = (errors.DecodeError, "the payload is not canonical, unpadded base64url")
REFUSALS[JF_PAYLOAD_JSON] = (errors.DecodeError, "the payload is not a JSON object in UTF-8")
REFUSALS[JF_PAYLOAD_DUPLICATE] = (errors.DecodeError, "the payload has two members of one name")
REFUSALS[JF_PAYLOAD_TOO_DEEP] = (errors.DecodeError, "the payload is nested too deep")
REFUSALS[JF_PAYLOAD_TOO_BIG] = (errors.DecodeError, "the payload has an integer of more than 64 bits")
REFUSALS[JF_REVOKED] = (errors.RevokedTokenError, "the token has been revoked")
REFUSALS[JF_EXPIRED] = (errors.ExpiredSignatureError, "Signature has expired")
REFUSALS[JF_TOO_OLD] = (errors.ExpiredSignatureError, "the token was issued longer ago than the verifier's max_age")
REFUSALS[JF_NOT_YET_VALID] = (errors.ImmatureSignatureError, "The token is not yet valid (nbf)")
REFUSALS[JF_ISSUED_IN_FUTURE] = (errors.ImmatureSignatureError, "The token is not yet valid (iat)")
REFUSALS[JF_ISSUER] = (errors.InvalidIssuerError, "Invalid issuer")
REFUSALS[JF_AUDIENCE] = (errors.InvalidAudienceError, "Audience doesn't match")
REFUSALS[JF_AUDIENCE_UNASKED] = (
    errors.InvalidAudienceError,
    "the token names an audience and this verifier has none: configure audience=, or audience=ANY to accept any",
)

# A registered claim of the wrong form; other claims that are asked for by name make an InvalidClaimError.
cdef dict MALFORMED = {
    JF_EXP: (errors.DecodeError, "Expiration Time claim (exp) must be a number of seconds, at most 2^53"),
    JF_NBF: (errors.DecodeError, "Not Before claim (nbf) must be a number of seconds, at most 2^53"),
    JF_IAT: (errors.InvalidIssuedAtError, "Issued At claim (iat) must be a number of seconds, at most 2^53"),
    JF_ISS: (errors.InvalidIssuerError, "Issuer claim (iss) must be a string"),
    JF_AUD: (errors.InvalidAudienceError, "Audience claim (aud) must be a string or a list of strings"),
    JF_SUB: (errors.InvalidSubjectError, "Subject claim (sub) must be a string"),
    JF_JTI: (errors.InvalidJTIError, "JWT ID claim (jti) must be a string"),
}


cdef extern from *:
    """
    /* An exception whose __init__ adds nothing to what __new__ does, without the call of either. */
    static inline PyObject *jf_new_exception(PyObject *kind, PyObject *arguments)
    {
        return ((PyTypeObject *)kind)->tp_new((PyTypeObject *)kind, arguments, NULL);
    }

    /* Sets an exception that was just made. Where none is being handled, which would be its context, there is nothing
     * that PyErr_SetObject would have to look for. */
    static inline void jf_raise(PyObject *exception)
    {
    #if PY_VERSION_HEX >= 0x030c0000
        PyObject *handled = PyErr_GetHandledException();
        if (handled == NULL) {
            PyErr_SetRaisedException(Py_NewRef(exception));
            return;
        }
        Py_DECREF(handled);
    #endif
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    }

    /* Leaves a function that owns nothing at that point, with the exception that is set. Cython's own way out makes a
     * frame for the traceback first, which takes longer than all the rest of a refusal. */
    #define jf_leave() return NULL
    """
    object jf_new_exception(PyObject *kind, PyObject *arguments)
    void jf_raise(object exception) noexcept
    void jf_leave() noexcept


# The classes and the args of REFUSALS by the verdicts' numbers, which the list keeps alive.
cdef PyObject *CLASSES[JF_VERDICTS]
cdef PyObject *ARGUMENTS[JF_VERDICTS]


cdef int keep_arguments() except -1:
    # (class, words) becomes (class, the tuple that all exceptions of this verdict have as their args)
    cdef Py_ssize_t number
    for table in (REFUSALS, MALFORMED.values()):
        for entry in table:
            if entry is not None and entry[0].__init__ is not Exception.__init__:
                raise ImportError(f"{entry[0].__name__} must leave __init__ to Exception")
    for number in range(JF_VERDICTS):
        entry = REFUSALS[number]
        if entry is not None:
            REFUSALS[number] = kind, arguments = entry[0], (entry[1],)
            CLASSES[number], ARGUMENTS[number] = <PyObject *>kind, <PyObject *>arguments
    for row, entry in list(MALFORMED.items()):
        MALFORMED[row] = (entry[0], (entry[1],))
    return 0


keep_arguments()
cdef tuple OTHER_SUBJECT = (errors.InvalidSubjectError, ("Invalid subject",))


cdef inline object refusal(jf_verdict verdict, size_t culprit, str claim):
    # A fresh exception each time: a shared one would gather tracebacks, and with them the tokens in their frames.
    if CLASSES[<int>verdict] != NULL:
        return jf_new_exception(CLASSES[<int>verdict], ARGUMENTS[<int>verdict])
    return refusal_of_claim(verdict, culprit, claim)


cdef object refusal_of_claim(jf_verdict verdict, size_t culprit, str claim):
    cdef tuple entry
    if verdict == JF_CLAIM_MISSING:
        return errors.MissingRequiredClaimError(claim)
    if verdict == JF_CLAIM_MALFORMED and culprit in MALFORMED:
        entry = <tuple>MALFORMED[culprit]
    elif verdict == JF_CLAIM_VALUE and culprit == JF_SUB:
        entry = OTHER_SUBJECT
    elif verdict == JF_CLAIM_MALFORMED or verdict == JF_CLAIM_VALUE:
        return errors.InvalidClaimError(claim)
    else:
        raise SystemError(f"verdict {<int>verdict} has no words")
    return jf_new_exception(<PyObject *>entry[0], <PyObject *>entry[1])
