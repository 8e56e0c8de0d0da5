# Several issuers behind one cache: each token is judged by the verifier of the issuer that it names.

cdef bytes ISS = b"iss"
cdef jf_json_text ISS_NAME
ISS_NAME.text = <const uint8_t *>PyBytes_AS_STRING(ISS)
ISS_NAME.length = <size_t>PyBytes_GET_SIZE(ISS)
ISS_NAME.head = jf_json_head(ISS_NAME.text, ISS_NAME.length)
cdef jf_json_names ISS_ALONE
jf_json_names_init(&ISS_ALONE, &ISS_NAME, 1)


cdef str issuer_in(JsonText *json, jf_verdict *verdict):
    # The iss of a payload, or None and why there is none. Nothing else of it is looked at; it is read as strictly as it
    # will be again once the signature has been found good.
    cdef jf_json_value found
    cdef dict plain
    cdef jf_json_result result = scan_json(&CHOSEN, json, &ISS_ALONE, &found)
    if result == JF_JSON_UNUSUAL:
        plain = settle(json, &result)
        if plain is not None:
            if type(plain.get("iss")) is str:
                return plain["iss"]
            verdict[0] = JF_CLAIM_MALFORMED if "iss" in plain else JF_CLAIM_MISSING
            return None
    if result != JF_JSON_OK:
        verdict[0] = scan_verdict(result)
    elif found.kind == JF_JSON_STRING:
        return string_or_none(&found)
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
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef PyObject *token = self.verified(raw, &why, &member)
        if token == <PyObject *>None:
            self.refuse(&why, member)
            jf_leave()
        return jf_owned(token)

    def verify_bearer(self, header_value, /):
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef PyObject *token = self.verified_bearer(header_value, &why, &member)
        if token == <PyObject *>None:
            self.refuse(&why, member)
            jf_leave()
        return jf_owned(token)

    def verify_many(self, raws, /, threads=1):
        self.configured()
        return verify_batch(<VerifierCore>self.members[0], self, raws, threads)

    def attempt(self, raw, bint last=False, /):
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef PyObject *token = self.attempted(raw, &why, &member)
        if token == <PyObject *>None:
            if why.verdict == JF_KEY_AWAITED and not last:
                return (<VerifierCore>self.members[member]).fetched
            self.refuse(&why, member)
            jf_leave()
        return jf_owned(token)

    def attempt_authorization(self, headers, method=None, /):
        cdef Refusal why
        cdef Py_ssize_t member = -1
        cdef PyObject *token = self.attempted_authorization(headers, &why, &member)
        if token == <PyObject *>None:
            if why.verdict == JF_GOOD:
                return None
            if why.verdict == JF_KEY_AWAITED:
                return (<VerifierCore>self.members[member]).fetched
            self.refuse(&why, member)
            jf_leave()
        return jf_owned(token)

    cdef PyObject *verified(self, raw, Refusal *why, Py_ssize_t *member) except NULL:
        # A reference of the caller's own; None without one: it is refused.
        cdef Sighting seen
        cdef object owner = sight(raw, &seen)
        cdef Token token = self.answer(&seen, why, member)
        if token is None and self.waited(why, member[0]):
            token = self.answer(&seen, why, member)
        return owned_or_none(token)

    cdef PyObject *verified_bearer(self, header_value, Refusal *why, Py_ssize_t *member) except NULL:
        cdef Sighting seen
        cdef object owner = sight_bearer(header_value, &seen)
        cdef Token token = self.answer(&seen, why, member)
        if token is None and self.waited(why, member[0]):
            token = self.answer(&seen, why, member)
        return owned_or_none(token)

    cdef PyObject *attempted(self, raw, Refusal *why, Py_ssize_t *member) except NULL:
        cdef Sighting seen
        cdef object owner = sight(raw, &seen)
        return owned_or_none(self.answer(&seen, why, member))

    cdef PyObject *attempted_authorization(self, headers, Refusal *why, Py_ssize_t *member) except NULL:
        # None and a good verdict: there is no token.
        cdef Sighting seen
        cdef object owner = find_bearer(headers, &seen.raw, &seen.length)
        why.verdict = JF_GOOD
        return <PyObject *>None if owner is None else owned_or_none(self.answer(&seen, why, member))

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

    cdef Token answer(self, Sighting *seen, Refusal *why, Py_ssize_t *member):
        # None where the token is refused, and the member that refused it, or -1 where it got to none.
        cdef Token token
        self.configured().look_for(seen)
        cdef double now = NAN if self.clock is None else (<VerifierCore>self.members[0]).read_clock()
        member[0] = -1
        why.verdict = JF_NOT_ASCII
        why.culprit = 0
        token = self.recall(seen, &now)
        if token is not None or seen.raw == NULL:
            return token
        member[0] = self.pick(seen.raw, seen.length, why)
        if member[0] < 0:
            return None
        return (<VerifierCore>self.members[member[0]]).admit(seen, now, why)

    cdef inline Token recall(self, const Sighting *seen, double *now):
        # The token, if it is remembered and still good by the member that admitted it.
        cdef VerifierCore verifier
        cdef Token token = self.cache.find(seen, now)
        if token is None:
            return None
        verifier = <VerifierCore>self.members[token.member]
        return token if verifier.is_current(token) or verifier.judge_again(token, now[0]) else None

    cdef Py_ssize_t pick(self, const uint8_t *raw, size_t length, Refusal *why) except -2:
        # The member whose issuer the token names, or -1 and why there is none.
        cdef JsonText json
        cdef Segments segments
        cdef str issuer = None
        if length > self.max_token_bytes:
            why.verdict = JF_TOO_LARGE
            return -1
        why.verdict = split(raw, length, &segments)
        if why.verdict != JF_GOOD:
            return -1
        why.verdict = JF_PAYLOAD_ENCODING
        why.culprit = JF_ISS
        try:
            if decode_json(&json, raw + segments.payload, segments.payload_length):
                issuer = issuer_in(&json, &why.verdict)
        finally:
            release_json(&json)
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

    cdef int refuse(self, const Refusal *why, Py_ssize_t member) except -1:
        jf_raise(self.refusal(why, member))
        return 0

    cdef inline TokenCache configured(self):
        if self.cache is None:
            raise TypeError("this MultiIssuerVerifier was never configured: call MultiIssuerVerifier.__init__")
        return self.cache
