# The claims policy as the C core wants it, and what leads up to its judgement of a payload.

cdef enum:
    MAX_RULES = JF_JSON_MAX_NAMES    # claims that one policy may judge

cdef dict CLAIM_KINDS = {
    "any": JF_CLAIM_ANY, "date": JF_CLAIM_DATE, "text": JF_CLAIM_TEXT, "audience": JF_CLAIM_AUDIENCE,
}


cdef struct Refusal:
    jf_verdict verdict
    size_t culprit                   # the row of the policy, where the verdict is about a claim


cdef inline double number_of(const jf_json_value *value) except? -1.0:
    # What a JSON number says; infinity for an integer beyond 2^53, which a double would not hold exactly.
    cdef uint64_t size
    cdef bint negative
    if value.kind == JF_JSON_FRACTION:
        return fraction_of(value)
    if value.kind != JF_JSON_INTEGER:
        return 0.0
    negative = value.text[0] == c"-"
    size = jf_json_digits(value.text + negative, value.length - negative)
    if size > <uint64_t>1 << 53:
        return INFINITY
    return -<double>size if negative else <double>size


cdef jf_verdict scan_verdict(jf_json_result result) noexcept:
    if result == JF_JSON_DUPLICATE:
        return JF_PAYLOAD_DUPLICATE
    if result == JF_JSON_TOO_DEEP:
        return JF_PAYLOAD_TOO_DEEP
    if result == JF_JSON_TOO_BIG:
        return JF_PAYLOAD_TOO_BIG
    return JF_PAYLOAD_JSON


@cython.final
@cython.no_gc
cdef class Policy:
    # Owns the memory of a jf_claims_policy. Names and values are UTF-8, spelled as in canonical JSON text.
    cdef jf_claims_policy policy
    cdef list names
    cdef tuple issuers               # what iss may be; empty: anything
    cdef list spellings              # bytes that the texts point into
    cdef jf_json_text *texts
    cdef jf_claim_rule *rules
    cdef size_t session              # the row of sid, where tokens are looked up in a list of revocations; else 0
    cdef jf_json_guesses guesses     # of the payloads that are judged by it

    def __cinit__(self, list rows not None, bint any_audience, size_t several_audiences, double leeway,
                  double max_age, size_t session=0):
        # rows: (name: str, kind: str, required: bool, allowed: tuple of str), the registered ones first, in order
        cdef size_t count = <size_t>len(rows), row = 0, text = count, total = count
        if count > MAX_RULES:
            raise ValueError(f"a verifier can ask for at most {MAX_RULES - JF_REGISTERED} claims by name")
        self.names = [name for name, _, _, _ in rows]
        self.issuers = rows[JF_ISS][3]
        self.spellings = []
        for _, _, _, allowed in rows:
            total += <size_t>len(allowed)
        self.texts = <jf_json_text *>PyMem_RawCalloc(total, sizeof(jf_json_text))
        self.rules = <jf_claim_rule *>PyMem_RawCalloc(count, sizeof(jf_claim_rule))
        if self.texts == NULL or self.rules == NULL:
            raise MemoryError
        for name, kind, required, allowed in rows:
            self.spell(row, name)
            self.rules[row] = jf_claim_rule(CLAIM_KINDS[kind], required, &self.texts[text], <size_t>len(allowed))
            if required:
                self.policy.required[self.policy.required_count] = <uint8_t>row
                self.policy.required_count += 1
            for value in allowed:
                self.spell(text, value)
                text += 1
            row += 1
        jf_json_names_init(&self.policy.names, self.texts, count)
        self.policy.rules = self.rules
        self.policy.read = CHOSEN.json_read
        self.policy.any_audience = any_audience
        self.policy.several_audiences = several_audiences
        self.policy.leeway = leeway
        self.policy.max_age = max_age
        self.session = session

    def __dealloc__(self):
        PyMem_RawFree(self.texts)
        PyMem_RawFree(self.rules)

    cdef int spell(self, size_t place, str value) except -1:
        cdef bytes quoted = orjson.dumps(value)
        self.spellings.append(quoted)
        self.texts[place].text = <const uint8_t *>PyBytes_AS_STRING(quoted) + 1
        self.texts[place].length = <size_t>PyBytes_GET_SIZE(quoted) - 2
        self.texts[place].head = jf_json_head(self.texts[place].text, self.texts[place].length)
        return 0

    cdef inline bint needs_settling(self, const jf_json_value *claims) noexcept:
        # An escape in a value that is compared: its text is not its value.
        cdef size_t i
        for i in range(self.policy.names.count):
            if claims[i].escaped and (self.policy.rules[i].allowed_count or self.is_looked_up(i)):
                return True
        return False

    cdef inline bint is_looked_up(self, size_t row) noexcept:
        # Whether a list of revocations is asked for the claim's value.
        return self.session and (row == self.session or row == JF_ISS or row == JF_SUB or row == JF_JTI)

    cdef int judge(self, JsonText *json, double now, jf_time_window *window, Refusal *refusal,
                   jf_revocable *revocable) except -1:
        # Judges a payload. Fills `revocable`, if that is not NULL, where the payload is good.
        cdef jf_json_value claims[MAX_RULES]
        cdef jf_json_result result
        self.scan(&CHOSEN, json, claims, &result)
        if result != JF_JSON_OK:
            refusal.verdict = scan_verdict(result)
            return 0
        return self.decide(claims, now, window, refusal, revocable)

    cdef inline int scan(self, const jf_kernels *kernels, JsonText *json, jf_json_value *claims,
                         jf_json_result *result) except -1:
        cdef dict plain
        json.members = 0
        result[0] = kernels.json_scan(json.text, json.length, 0, &self.policy.names, &self.guesses, claims,
                                      &json.members)
        if result[0] == JF_JSON_UNUSUAL or (result[0] == JF_JSON_OK and self.needs_settling(claims)):
            plain = settle(json, result)
            if plain is not None:
                respell(json, plain)
                scan_settled(kernels, json, &self.policy.names, claims)
        return 0

    def find(self, Kernels kernels not None, bytes text not None):
        # What it would judge of a payload, by name and as JSON text, to hold the search for it to the standards.
        cdef jf_json_value claims[MAX_RULES]
        cdef jf_json_result result
        cdef JsonText json
        cdef size_t row
        cdef bint quoted
        found = {}
        keep_json(&json, text)
        try:
            self.scan(&kernels.table, &json, claims, &result)
            if result != JF_JSON_OK:
                raise ValueError(JSON_FAULTS[result])
            for row in range(self.policy.names.count):
                if claims[row].kind != JF_JSON_ABSENT:
                    quoted = claims[row].kind == JF_JSON_STRING
                    found[self.names[row]] = PyBytes_FromStringAndSize(<const char *>claims[row].text - quoted,
                                                                       <Py_ssize_t>claims[row].length + 2 * quoted)
        finally:
            release_json(&json)
        return found

    cdef int decide(self, const jf_json_value *claims, double now, jf_time_window *window,
                    Refusal *refusal, jf_revocable *revocable) except -1:
        cdef double dates[3]
        cdef int i
        for i in range(3):
            dates[i] = number_of(&claims[i])
        refusal.verdict = jf_claims_judge(&self.policy, claims, dates, now, window, &refusal.culprit)
        if revocable != NULL and refusal.verdict == JF_GOOD:
            note_claims(revocable, &claims[JF_ISS], &claims[JF_JTI], &claims[JF_SUB], &claims[self.session],
                        dates[JF_IAT] if claims[JF_IAT].kind != JF_JSON_ABSENT else -INFINITY)
        return 0
