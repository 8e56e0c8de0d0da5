# Several issuers behind one cache: each token is judged by the verifier of the issuer that it names.

cdef bytes ISS = b"iss"
cdef jf_json_text ISS_NAME
ISS_NAME.text = <const uint8_t *>PyBytes_AS_STRING(ISS)
ISS_NAME.length = <size_t>PyBytes_GET_SIZE(ISS)
ISS_NAME.head = jf_json_head(ISS_NAME.text, ISS_NAME.length)


cdef str issuer_in(const uint8_t *text, size_t length, jf_verdict *verdict):
    # The iss of a payload, JF_JSON_PADDING zeros behind it, or None and why there is none. Nothing else of it is looked
    # at; it is read as strictly as it will be again once the signature has been found good.
    cdef jf_json_value found
    cdef size_t members = 0
    cdef dict plain
    cdef jf_json_result result = jf_json_scan(text, length, 0, &ISS_NAME, 1, &found, &members)
    if result == JF_JSON_UNUSUAL:
        plain = settle(text, length, members, &result)
        if plain is not None:
            if type(plain.get("iss")) is str:
                return plain["iss"]
            verdict[0] = JF_CLAIM_MALFORMED if "iss" in plain else JF_CLAIM_MISSING
            return None
    if result != JF_JSON_OK:
        verdict[0] = scan_verdict(result)
    elif found.kind == JF_JSON_STRING:
        return text_of(&found)
    else:
        verdict[0] = JF_CLAIM_MISSING if found.kind == JF_JSON_ABSENT else JF_CLAIM_MALFORMED
    return None


cdef class MultiIssuerCore:
    cdef TokenCache cache
    cdef dict places                 # of the members, by issuer
    cdef list members                # verifiers of its own, which remember in its cache
    cdef size_t max_token_bytes      # of the one that takes the longest
    cdef object clock

    def __init__(self, dict verifiers not None, *, size_t cache_tokens, size_t cache_bytes):
        cdef VerifierCore verifier
        cdef TokenCache cache = TokenCache(cache_tokens, cache_bytes)
        if self.cache is not None:
            raise TypeError("a MultiIssuerVerifier is configured once: what it has cached was judged by that")
        self.places, self.members = {}, []
        for issuer, verifier in verifiers.items():
            verifier.configured()
            if verifier.policy.issuers != (issuer,):
                raise ValueError(f"the verifier for {issuer!r} must be configured with issuer={issuer!r} alone")
            if self.members and verifier.clock is not self.clock:
                raise ValueError("the verifiers must go by one clock: one cache holds the tokens of all")
            self.clock = verifier.clock
            self.max_token_bytes = max(self.max_token_bytes, verifier.max_token_bytes)
            self.places[issuer] = len(self.members)
            self.members.append(verifier.join(cache, len(self.members)))
        self.cache = cache

    def __reduce_ex__(self, protocol):
        raise TypeError("a MultiIssuerVerifier can't be pickled or copied: share the one, or build another")

    def verify(self, raw, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0
        cdef object owner = borrow(raw, &data, &length)
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef Token token = self.answer(data, length, &why, &member)
        if token is None and self.waited(&why, member):
            token = self.answer(data, length, &why, &member)
        if token is None:
            raise self.refusal(&why, member)
        return token

    def verify_bearer(self, header_value, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0, start
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef Token token
        if header_value is None:
            raise errors.MissingTokenError("the request has no Authorization header")
        cdef object owner = borrow(header_value, &data, &length)
        if data == NULL:
            raise not_ascii(header_value)
        start = bearer_token(data, length)
        token = self.answer(data + start, length - start, &why, &member)
        if token is None and self.waited(&why, member):
            token = self.answer(data + start, length - start, &why, &member)
        if token is None:
            raise self.refusal(&why, member)
        return token

    def attempt(self, raw, bint last=False, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0
        cdef object owner = borrow(raw, &data, &length)
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef Token token = self.answer(data, length, &why, &member)
        if token is not None:
            return token
        if why.verdict == JF_KEY_AWAITED and not last:
            return (<VerifierCore>self.members[member]).fetched
        raise self.refusal(&why, member)

    def cache_info(self):
        return self.configured().info()

    def forget(self, raw, /):
        cdef const uint8_t *data = NULL
        cdef size_t length = 0
        cdef object owner = borrow(raw, &data, &length)
        return data != NULL and self.configured().forget(data, length)

    def clear_cache(self):
        cdef VerifierCore member
        self.configured().clear()
        for member in self.members:
            member.memo.clear()

    cdef Token answer(self, const uint8_t *raw, size_t length, Refusal *why, Py_ssize_t *member):
        # None where the token is refused, and the member that refused it, or -1 where it got to none.
        cdef Token token
        cdef VerifierCore verifier
        cdef TokenCache cache = self.configured()
        cdef double now = jf_now() if self.clock is None else (<VerifierCore>self.members[0]).read_clock()
        member[0] = -1
        why.verdict = JF_NOT_ASCII
        why.culprit = 0
        token = cache.find(raw, length, now)
        if raw == NULL:
            return None
        if token is not None:
            verifier = <VerifierCore>self.members[token.member]
            if verifier.is_current(token) or verifier.judge_again(token):
                return token
        member[0] = self.pick(raw, length, why)
        if member[0] < 0:
            return None
        return (<VerifierCore>self.members[member[0]]).admit(raw, length, now, why)

    cdef Py_ssize_t pick(self, const uint8_t *raw, size_t length, Refusal *why) except -2:
        # The member whose issuer the token names, or -1 and why there is none.
        cdef uint8_t small[SMALL_PAYLOAD + JF_JSON_PADDING]
        cdef uint8_t *text = small
        cdef size_t size
        cdef Segments segments
        cdef str issuer = None
        if length > self.max_token_bytes:
            why.verdict = JF_TOO_LARGE
            return -1
        why.verdict = split(raw, length, &segments)
        if why.verdict != JF_GOOD:
            return -1
        size = JF_BASE64URL_DECODED_SIZE(segments.payload_length)
        if size > SMALL_PAYLOAD:
            text = <uint8_t *>PyMem_RawMalloc(size + JF_JSON_PADDING)
            if text == NULL:
                raise MemoryError
        try:
            size = jf_base64url_decode(&CHOSEN, raw + segments.payload, segments.payload_length, text)
            why.verdict = JF_PAYLOAD_ENCODING
            why.culprit = JF_ISS
            if size != JF_BASE64URL_INVALID:
                memset(text + size, 0, JF_JSON_PADDING)
                issuer = issuer_in(text, size, &why.verdict)
        finally:
            if text != small:
                PyMem_RawFree(text)
        if issuer is None:
            return -1
        why.verdict = JF_ISSUER
        return <Py_ssize_t>self.places.get(issuer, -1)

    cdef bint waited(self, const Refusal *why, Py_ssize_t member) except -1:
        return member >= 0 and (<VerifierCore>self.members[member]).waited(why)

    cdef object refusal(self, const Refusal *why, Py_ssize_t member):
        if member < 0:
            return refusal(why.verdict, why.culprit, "iss")
        return (<VerifierCore>self.members[member]).refusal(why)

    cdef inline TokenCache configured(self):
        if self.cache is None:
            raise TypeError("this MultiIssuerVerifier was never configured: call MultiIssuerVerifier.__init__")
        return self.cache
