# The JOSE header (RFC 7515 section 4): read strictly at first sight, remembered by its bytes from then on.

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(PyObject *elements, Py_ssize_t place)
    PyObject *PyTuple_GET_ITEM(PyObject *elements, Py_ssize_t place)
    Py_ssize_t Py_SIZE(PyObject *sized)


cdef enum:
    MAX_CANDIDATES = 8               # a forged token must not buy more signature checks than this
    MAX_UNUSUAL = 1024               # octets of a header that a full parser is asked about, before any signature check
    MAX_MEMO = 1024                  # characters of a header that is worth remembering
    MEMO_SLOTS = 64
    SELECTION_BYTES = 144            # a Selection, its tuple of one key, the head of its bytes; as sys.getsizeof has it
    HEADER_NAMES = 5


cdef jf_json_text HEADER_NAME[HEADER_NAMES]
cdef jf_json_names HEADER_NAME_INDEX
cdef tuple HEADER_MEMBERS = (b"alg", b"kid", b"typ", b"crit", b"b64")


cdef int name_header_members() except -1:
    cdef int i
    for i in range(HEADER_NAMES):
        HEADER_NAME[i].text = <const uint8_t *>PyBytes_AS_STRING(HEADER_MEMBERS[i])
        HEADER_NAME[i].length = <size_t>PyBytes_GET_SIZE(HEADER_MEMBERS[i])
        HEADER_NAME[i].head = jf_json_head(HEADER_NAME[i].text, HEADER_NAME[i].length)
    jf_json_names_init(&HEADER_NAME_INDEX, HEADER_NAME, HEADER_NAMES)
    return 0


name_header_members()


@cython.final
cdef class Selection:
    # What a header selects: a pure function of its bytes, the key set and the configured token type.
    cdef bytes encoded
    cdef tuple candidates            # of PreparedKey
    cdef Claims header               # built once a token with it has been verified
    cdef bint unsettled
    cdef jf_token_shared cost        # of itself, to the cache that holds tokens with it

    cdef jf_verdict build(self) except *:
        cdef Py_ssize_t size = 0
        cdef jf_verdict verdict = JF_GOOD
        cdef JsonText json
        try:
            decode_json(&json, <const uint8_t *>PyBytes_AS_STRING(self.encoded), <size_t>PyBytes_GET_SIZE(self.encoded))
            if self.unsettled:
                verdict = settle_header(&json)
            if verdict == JF_GOOD:
                self.header = build_claims(&CHOSEN, &json, &size)
        finally:
            release_json(&json)
        self.cost.bytes = <size_t>(size + PyBytes_GET_SIZE(self.encoded) + SELECTION_BYTES)
        return verdict


@cython.final
cdef class HeaderMemo:
    # Headers of tokens that were verified, by their base64url text. Each has two slots, a pair for each hash, so that
    # two headers of one hash don't drive each other out by turns. What it holds was selected from the key set of one
    # generation.
    cdef list slots
    cdef Selection last              # that was found: the next token's, more often than not
    cdef uint64_t generation

    def __cinit__(self):
        self.slots = [None] * MEMO_SLOTS

    cdef inline Py_ssize_t pair(self, const uint8_t *encoded, size_t length) noexcept:
        cdef uint64_t tail = length
        # A header's last characters tell headers apart best: they begin with the same names.
        if length >= 16:
            memcpy(&tail, encoded + length - 12, 8)
        return <Py_ssize_t>((tail * <uint64_t>0x9e3779b97f4a7c15 + length) >> 32) % (MEMO_SLOTS // 2) * 2

    cdef inline Selection guess(self, const uint8_t *raw, size_t length, uint64_t generation):
        # Of a token, if it begins with the last header.
        cdef Selection guessed = None
        with cython.critical_section(self):
            if self.generation == generation and begins_with(<PyObject *>self.last, raw, length):
                guessed = self.last
        return guessed

    cdef Selection find(self, const uint8_t *encoded, size_t length, uint64_t generation):
        cdef Selection found = None
        cdef Py_ssize_t place = self.pair(encoded, length)
        with cython.critical_section(self):
            if self.generation == generation:
                if is_of(PyList_GET_ITEM(<PyObject *>self.slots, place), encoded, length):
                    found = <Selection>PyList_GET_ITEM(<PyObject *>self.slots, place)
                elif is_of(PyList_GET_ITEM(<PyObject *>self.slots, place + 1), encoded, length):
                    found = <Selection>PyList_GET_ITEM(<PyObject *>self.slots, place + 1)
                if found is not None:
                    self.last = found
        return found

    cdef int clear(self) except -1:
        with cython.critical_section(self):
            self.slots = [None] * MEMO_SLOTS
            self.last = None
        return 0

    cdef int keep(self, Selection selection, uint64_t generation) except -1:
        cdef Py_ssize_t place = self.pair(<const uint8_t *>PyBytes_AS_STRING(selection.encoded),
                                          <size_t>PyBytes_GET_SIZE(selection.encoded))
        if PyBytes_GET_SIZE(selection.encoded) > MAX_MEMO:
            return 0
        with cython.critical_section(self):
            if self.generation != generation:
                self.slots = [None] * MEMO_SLOTS
                self.last = None
                self.generation = generation
            self.slots[place + 1] = self.slots[place]
            self.slots[place] = selection
        return 0


# A Selection or None of the memo, whose reference is borrowed: counting it costs more than looking at it.

cdef inline bint begins_with(PyObject *last, const uint8_t *raw, size_t length) noexcept:
    cdef PyObject *kept
    cdef size_t size
    if last == <PyObject *>None:
        return False
    kept = <PyObject *>(<Selection>last).encoded
    size = <size_t>Py_SIZE(kept)
    return length > size and raw[size] == c"." and not memcmp(PyBytes_AS_STRING(<bytes>kept), raw, size)


cdef inline bint is_of(PyObject *slot, const uint8_t *encoded, size_t length) noexcept:
    cdef PyObject *kept
    if slot == <PyObject *>None:
        return False
    kept = <PyObject *>(<Selection>slot).encoded
    return <size_t>Py_SIZE(kept) == length and not memcmp(PyBytes_AS_STRING(<bytes>kept), encoded, length)


cdef class HeaderMembers:
    # What a header says that a verifier has to know before the signature is checked. Until then a token is anybody's,
    # so nothing more of it is built.
    cdef str algorithm
    cdef str key_id                  # or None
    cdef str type                    # or None
    cdef bint unsettled              # names may be there twice under two spellings: to be seen when it is worth it

    cdef jf_verdict take(self, const jf_json_value *found) except *:
        if found[0].kind != JF_JSON_STRING:
            return JF_HEADER_ALG
        if found[1].kind != JF_JSON_STRING and found[1].kind != JF_JSON_ABSENT:
            return JF_HEADER_KID
        if found[2].kind != JF_JSON_STRING and found[2].kind != JF_JSON_ABSENT:
            return JF_HEADER_TYP
        # No extension is understood, and a list of none is malformed (RFC 7515 section 4.1.11).
        if found[3].kind != JF_JSON_ABSENT:
            return JF_HEADER_CRIT
        # RFC 7797 changes what is signed. Without crit it must not be used, and what it says must not be overlooked.
        if found[4].kind != JF_JSON_ABSENT and (found[4].kind != JF_JSON_BOOL or found[4].text[0] != c"t"):
            return JF_HEADER_B64
        self.algorithm = string_or_none(&found[0])
        self.key_id = string_or_none(&found[1])
        self.type = string_or_none(&found[2])
        return JF_GOOD


cdef str string_or_none(const jf_json_value *value):
    if value.kind == JF_JSON_ABSENT:
        return None
    return <str>jf_owned(own_text(value))


cdef jf_verdict fault_of_header(jf_json_result result) noexcept:
    return JF_HEADER_DUPLICATE if result == JF_JSON_DUPLICATE else JF_HEADER_JSON


cdef jf_verdict settle_header(JsonText *json) except *:
    # What was put off until a signature had been found good: members that hid behind another spelling of their names.
    cdef jf_json_value found[HEADER_NAMES]
    cdef jf_json_result result
    cdef dict plain
    scan_json(&CHOSEN, json, &HEADER_NAME_INDEX, found)
    plain = settle(json, &result)
    if plain is None:
        return fault_of_header(result)
    if "crit" in plain or plain.get("b64", True) is not True:
        return JF_HEADER_CRIT
    if not isinstance(plain.get("typ", ""), str):
        return JF_HEADER_TYP
    if "kid" in plain and found[1].kind == JF_JSON_ABSENT:       # the key was selected without it
        return JF_UNKNOWN_KEY if isinstance(plain["kid"], str) else JF_HEADER_KID
    return JF_GOOD


cdef jf_verdict scan_header(JsonText *json, HeaderMembers members) except *:
    cdef jf_json_value found[HEADER_NAMES]
    cdef jf_json_result result = scan_json(&CHOSEN, json, &HEADER_NAME_INDEX, found)
    cdef dict plain
    members.unsettled = result == JF_JSON_UNUSUAL and json.length > MAX_UNUSUAL
    if result == JF_JSON_OK or members.unsettled:
        return members.take(found)
    if result == JF_JSON_UNUSUAL:
        plain = settle(json, &result)
        if plain is not None:
            respell(json, plain)
            scan_settled(&CHOSEN, json, &HEADER_NAME_INDEX, found)
            return members.take(found)
    return fault_of_header(result)


cdef HeaderMembers read_header(const uint8_t *encoded, size_t length, jf_verdict *verdict):
    # The members, or None and why not.
    cdef HeaderMembers members = HeaderMembers.__new__(HeaderMembers)
    cdef JsonText json
    verdict[0] = JF_HEADER_ENCODING
    try:
        if decode_json(&json, encoded, length):
            verdict[0] = scan_header(&json, members)
    finally:
        release_json(&json)
    return members if verdict[0] == JF_GOOD else None


cdef bint is_token_type(str typ, str token_type):
    # RFC 7515 section 4.1.9: a media type, compared without case, whose "application/" may be left out.
    if typ is None or not typ.isascii():             # beyond ASCII, lower() makes a k of a Kelvin sign
        return False
    return typ.lower().removeprefix("application/") == token_type
