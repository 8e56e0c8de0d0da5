# The JOSE header (RFC 7515 section 4): read strictly at first sight, remembered by its bytes from then on.

cdef enum:
    MAX_CANDIDATES = 8               # a forged token must not buy more signature checks than this
    MEMO_SLOTS = 64
    SELECTION_BYTES = 144            # a Selection, its tuple of one key, and the head of its bytes


@cython.final
cdef class Selection:
    # What a header selects: a pure function of its bytes, the key set and the configured token type.
    cdef bytes encoded
    cdef Claims header
    cdef tuple candidates            # of PreparedKey
    cdef jf_token_shared cost        # of itself, to the cache that holds tokens with it


@cython.final
cdef class HeaderMemo:
    # Headers of tokens that were verified, by their base64url text. Each has two slots, a pair for each hash, so that two
    # headers of one hash don't drive each other out by turns. What it holds was selected from the key set of one
    # generation.
    cdef list slots
    cdef uint64_t generation

    def __cinit__(self):
        self.slots = [None] * MEMO_SLOTS

    cdef inline Py_ssize_t pair(self, const uint8_t *encoded, size_t length) noexcept:
        cdef uint64_t tail = length
        # A header's last characters tell headers apart best: they begin with the same names.
        if length >= 16:
            memcpy(&tail, encoded + length - 12, 8)
        return <Py_ssize_t>((tail * <uint64_t>0x9e3779b97f4a7c15 + length) >> 32) % (MEMO_SLOTS // 2) * 2

    cdef Selection find(self, const uint8_t *encoded, size_t length, uint64_t generation):
        cdef Selection first = None, second = None
        cdef Py_ssize_t place = self.pair(encoded, length)
        with cython.critical_section(self):
            if self.generation == generation:
                first = <Selection>self.slots[place]
                second = <Selection>self.slots[place + 1]
        if is_of(first, encoded, length):
            return first
        return second if is_of(second, encoded, length) else None

    cdef int keep(self, Selection selection, uint64_t generation) except -1:
        cdef Py_ssize_t place = self.pair(<const uint8_t *>PyBytes_AS_STRING(selection.encoded),
                                          <size_t>PyBytes_GET_SIZE(selection.encoded))
        with cython.critical_section(self):
            if self.generation != generation:
                self.slots = [None] * MEMO_SLOTS
                self.generation = generation
            self.slots[place + 1] = self.slots[place]
            self.slots[place] = selection
        return 0


cdef inline bint is_of(Selection selection, const uint8_t *encoded, size_t length) noexcept:
    return (selection is not None and <size_t>PyBytes_GET_SIZE(selection.encoded) == length
            and not memcmp(PyBytes_AS_STRING(selection.encoded), encoded, length))


cdef Py_ssize_t count_members(object value) except -1:
    cdef Py_ssize_t count = 0
    if type(value) is dict:
        count = len(<dict>value)
        for member in (<dict>value).values():
            count += count_members(member)
    elif type(value) is list:
        for member in <list>value:
            count += count_members(member)
    return count


cdef object load_object(const uint8_t *text, size_t length, jf_json_result *result):
    # Builds a JSON object by the strict grammar, JF_JSON_PADDING zeros behind its text; or gives None and why not.
    cdef size_t members = 0
    cdef object plain
    result[0] = jf_json_scan(text, length, 0, NULL, 0, NULL, &members)
    if result[0] != JF_JSON_OK and result[0] != JF_JSON_UNUSUAL:
        return None
    try:
        plain = orjson.loads(PyBytes_FromStringAndSize(<const char *>text, <Py_ssize_t>length))
    except orjson.JSONDecodeError:
        result[0] = JF_JSON_INVALID
        return None
    if count_members(plain) != <Py_ssize_t>members:
        result[0] = JF_JSON_DUPLICATE
        return None
    result[0] = JF_JSON_OK
    return plain


cdef object read_header(const uint8_t *encoded, size_t length, jf_verdict *verdict):
    # The header as a plain dict, or None and why not.
    cdef uint8_t *text
    cdef size_t size
    cdef jf_json_result result = JF_JSON_INVALID
    cdef object header = None
    verdict[0] = JF_HEADER_ENCODING
    text = <uint8_t *>PyMem_RawCalloc(1, JF_BASE64URL_DECODED_SIZE(length) + JF_JSON_PADDING)
    if text == NULL:
        raise MemoryError
    try:
        size = jf_base64url_decode(&CHOSEN, encoded, length, text)
        if size != JF_BASE64URL_INVALID:
            header = load_object(text, size, &result)
            verdict[0] = JF_HEADER_DUPLICATE if result == JF_JSON_DUPLICATE else JF_HEADER_JSON
    finally:
        PyMem_RawFree(text)
    if header is None:
        return None
    verdict[0] = judge_header(<dict>header)
    return header if verdict[0] == JF_GOOD else None


def read_json_object(bytes text not None):
    # For documents that hold keys: the same grammar as for tokens.
    cdef jf_json_result result = JF_JSON_INVALID
    cdef bytes padded = text + b"\0" * JF_JSON_PADDING
    plain = load_object(<const uint8_t *>PyBytes_AS_STRING(padded), <size_t>PyBytes_GET_SIZE(text), &result)
    if plain is None:
        raise ValueError("it has two members of one name" if result == JF_JSON_DUPLICATE else
                         "it is not a JSON object in UTF-8, or nested too deep, or has integers of more than 64 bits")
    return plain


cdef jf_verdict judge_header(dict header) except *:
    if type(header.get("alg")) is not str:
        return JF_HEADER_ALG
    if "kid" in header and type(header["kid"]) is not str:
        return JF_HEADER_KID
    if "typ" in header and type(header["typ"]) is not str:
        return JF_HEADER_TYP
    # No extension is understood, and a list of none is malformed (RFC 7515 section 4.1.11).
    if "crit" in header:
        return JF_HEADER_CRIT
    # RFC 7797 changes what is signed. Without crit it must not be used, and what it says must not be overlooked.
    if header.get("b64", True) is not True:
        return JF_HEADER_B64
    return JF_GOOD


cdef bint is_token_type(object typ, str token_type):
    # RFC 7515 section 4.1.9: a media type, compared without case, whose "application/" may be left out.
    if typ is None or not (<str>typ).isascii():      # beyond ASCII, lower() makes a k of a Kelvin sign
        return False
    return (<str>typ).lower().removeprefix("application/") == token_type
