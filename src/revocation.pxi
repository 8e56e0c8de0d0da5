# What has been revoked, asked without Python on the path of a token.

from cpython.dict cimport PyDict_GetItemWithError

# One for the process: a token's fingerprints are good for any list.
cdef uint64_t FINGERPRINT_KEY[2]


cdef int draw_fingerprint_key() except -1:
    cdef bytes secret = os.urandom(sizeof(FINGERPRINT_KEY))
    memcpy(FINGERPRINT_KEY, PyBytes_AS_STRING(secret), sizeof(FINGERPRINT_KEY))
    return 0


draw_fingerprint_key()


cdef inline jf_identifier identifier_of(const jf_json_value *claim) noexcept:
    cdef jf_identifier identifier
    identifier.text = NULL
    identifier.length = 0
    if claim.kind == JF_JSON_STRING:
        identifier.text = claim.text
        identifier.length = claim.length
    return identifier


cdef void note_claims(jf_revocable *revocable, const jf_json_value *issuer, const jf_json_value *token_id,
                      const jf_json_value *subject, const jf_json_value *session, double issued_at) noexcept:
    # Claims that the policy has found good: each is absent or a string. Those with escapes are in canonical spelling.
    cdef jf_identifier issued_by = identifier_of(issuer)
    cdef jf_identifier[3] values = [identifier_of(token_id), identifier_of(subject), identifier_of(session)]
    jf_revocable_claims(revocable, FINGERPRINT_KEY, &issued_by, values)
    revocable.issued_at = issued_at


cdef int note_key(jf_revocable *revocable, Claims header, PreparedKey key) except -1:
    # The kid that the token names; else that of the key it was signed with.
    cdef PyObject *named = PyDict_GetItemWithError(header, "kid")
    key_id = key.key_id if named == NULL else <object>named
    if key_id is None:
        revocable.by[<int>JF_BY_KEY] = NONE
    else:
        revocable.by[<int>JF_BY_KEY] = fingerprint_of(None, JF_BY_KEY, key_id)
    return 0


cdef jf_fingerprint NONE
memset(&NONE, 0, sizeof(NONE))


cdef jf_fingerprint fingerprint_of(str issuer, jf_revocation_kind kind, str value) except *:
    cdef jf_identifier issued_by, text
    cdef bytes issuer_text = spell_identifier(issuer, kind, &issued_by)
    cdef bytes value_text = spell_identifier(value, kind, &text)
    return jf_fingerprint_of(FINGERPRINT_KEY, &issued_by, kind, &text)


cdef bytes spell_identifier(str value, jf_revocation_kind kind, jf_identifier *identifier):
    # Gives what keeps the text alive, besides the value. Claims are spelled as in canonical JSON text, since that is
    # what a token's are met in; a kid is taken from Python on both sides, so it is spelled as it is.
    cdef bytes spelled = None
    identifier.text = NULL
    identifier.length = 0
    if value is None:
        return None
    if kind != JF_BY_KEY:
        spelled = orjson.dumps(value)
        identifier.text = <const uint8_t *>PyBytes_AS_STRING(spelled) + 1
        identifier.length = <size_t>PyBytes_GET_SIZE(spelled) - 2
    else:
        identifier.text = jf_ascii(<PyObject *>value, &identifier.length)
        if identifier.text == NULL:
            spelled = value.encode("utf-8", "surrogatepass")     # a key of one's own may have any kid
            identifier.text = <const uint8_t *>PyBytes_AS_STRING(spelled)
            identifier.length = <size_t>PyBytes_GET_SIZE(spelled)
    return spelled


# By the claim, or header parameter, that says it.
cdef dict REVOCATION_KINDS = {
    "jti": JF_BY_TOKEN_ID, "sub": JF_BY_SUBJECT, "sid": JF_BY_SESSION, "kid": JF_BY_KEY,
}


cdef class RevocationSet:
    # A list that verifiers ask natively. Whoever changes it has it advance the generation, so that cached tokens are
    # looked up again; between changes nothing is looked up for them.
    cdef jf_revocation_set set
    cdef readonly Generation generation
    cdef readonly double leeway
    cdef object clock
    cdef bint _suspended

    def __init__(self, *, size_t max_entries, double leeway, clock):
        if self.generation is not None:
            raise TypeError("a list of revocations is configured once: it would forget what it holds")
        jf_revocation_set_init(&self.set, max_entries)
        self.leeway = leeway
        self.clock = clock
        self.generation = Generation()

    def __dealloc__(self):
        jf_revocation_set_free(&self.set)

    def __reduce_ex__(self, protocol):
        raise TypeError("a list of revocations can't be pickled or copied: a copy would miss what is revoked later")

    def add(self, str kind not None, str issuer, str value not None, double issued_before, double until):
        cdef jf_revocation entry
        cdef jf_revocation_result result
        cdef double now = self.now()
        entry.of = fingerprint_of(issuer, REVOCATION_KINDS[kind], value)
        entry.issued_before = issued_before
        entry.until = until
        with cython.critical_section(self):
            result = jf_revocation_set_add(&self.set, &entry, now)
        if result == JF_REVOCATION_NO_MEMORY:
            raise MemoryError
        if result == JF_REVOCATION_FULL:
            raise errors.RevocationListFullError(
                f"the list holds {self.set.max_entries} revocations, and none of them has ended: raise max_entries")
        if result == JF_REVOCATION_ADDED:
            self.generation.advance()

    cdef bint holds(self, const jf_revocable *revocable, double now) except -1:
        cdef bint suspended, found
        with cython.critical_section(self):
            suspended = self._suspended
            found = jf_revocation_set_holds(&self.set, revocable, now)
        if suspended and not found:
            raise errors.RevocationListUnavailableError("what has been revoked lately is not known at this time")
        return found

    def revokes(self, Token token not None, /):
        cdef jf_revocable revocable
        if token.revocable != NULL:
            return self.holds(token.revocable, self.now())
        # Its verifier asks through an object of its own, which asks this.
        claims = token.claims
        session = claims.get("sid")
        if not isinstance(session, str) and "sid" in claims:
            return True                      # it may be of any session
        for kind, value in ("jti", claims.get("jti")), ("sub", claims.get("sub")), ("sid", session):
            revocable.by[<int>REVOCATION_KINDS[kind]] = (
                NONE if value is None else fingerprint_of(claims.get("iss"), REVOCATION_KINDS[kind], value))
        note_key(&revocable, token.selection.header, token.key)
        revocable.issued_at = claims.get("iat", -INFINITY)
        return self.holds(&revocable, self.now())

    @property
    def max_entries(self):
        return self.set.max_entries

    @property
    def suspended(self):
        return self._suspended

    @suspended.setter
    def suspended(self, bint suspended):
        with cython.critical_section(self):
            self._suspended = suspended
        self.generation.advance()

    def __len__(self):
        cdef size_t count
        cdef double now = self.now()
        with cython.critical_section(self):
            count = jf_revocation_set_count(&self.set, now)
        return count

    def __sizeof__(self):
        with cython.critical_section(self):
            return sizeof(RevocationSet) + jf_revocation_set_bytes(&self.set) - sizeof(self.set)

    def time(self):
        return self.now()

    cdef double now(self) except? -1.0:
        cdef double now
        if self.clock is None:
            return jf_now()
        now = self.clock()
        if not isfinite(now):
            raise ValueError("the list's clock told no time: it must give seconds since the epoch")
        return now

    cdef int require_leeway(self, double leeway) except -1:
        if leeway > self.leeway:
            raise ValueError(
                f"the verifier takes tokens until {leeway:g} s past their exp, its list of revocations forgets them "
                f"{self.leeway:g} s past it: give the list a leeway of {leeway:g} too")
        return 0


def siphash(bytes key not None, bytes message not None):
    # To be held to the paper.
    cdef jf_siphash state
    cdef uint64_t words[2]
    if PyBytes_GET_SIZE(key) != sizeof(words) or PyBytes_GET_SIZE(message) % 8:
        raise ValueError("the key has 16 octets, the message whole words")
    memcpy(words, PyBytes_AS_STRING(key), sizeof(words))
    jf_siphash_init(&state, words)
    jf_siphash_octets(&state, <const uint8_t *>PyBytes_AS_STRING(message), <size_t>PyBytes_GET_SIZE(message))
    jf_siphash_digest(&state, words)
    return PyBytes_FromStringAndSize(<const char *>words, sizeof(words))
