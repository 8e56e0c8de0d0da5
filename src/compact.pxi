# The JWS Compact Serialization (RFC 7515 section 3.1): a token's characters, in place, and its three segments.

from cpython.unicode cimport PyUnicode_Check

cdef extern from *:
    """
    /* A str's characters, where all of them are ASCII; else NULL. Subclasses too. */
    static inline const uint8_t *jf_ascii(PyObject *text, size_t *length)
    {
    #if PY_VERSION_HEX < 0x030c0000
        if (PyUnicode_READY(text) < 0) {
            PyErr_Clear();
            return NULL;
        }
    #endif
        if (!PyUnicode_IS_ASCII(text))
            return NULL;
        *length = (size_t)PyUnicode_GET_LENGTH(text);
        return (const uint8_t *)PyUnicode_DATA(text);
    }
    """
    const uint8_t *jf_ascii(PyObject *text, size_t *length)

cdef extern from "Python.h":
    bytes PyBytes_FromObject(object buffer)
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 largest)
    uint8_t *PyUnicode_1BYTE_DATA(object text)


cdef struct Segments:                # header "." payload "." signature
    size_t header
    size_t payload
    size_t payload_length
    size_t signature
    size_t signature_length


cdef inline object borrow(object raw, const uint8_t **data, size_t *length):
    # Gives what keeps the characters alive; data[0] is NULL where there is no ASCII text. Anything that another thread
    # could change while it is looked at is copied first.
    if PyUnicode_Check(raw):
        data[0] = jf_ascii(<PyObject *>raw, length)
        return raw
    return borrow_buffer(raw, data, length)


cdef object borrow_buffer(object raw, const uint8_t **data, size_t *length):
    if not isinstance(raw, bytes):
        if not isinstance(raw, (bytearray, memoryview)):
            raise TypeError(f"a token is str, bytes, bytearray or memoryview, not {type(raw).__name__}")
        try:
            raw = PyBytes_FromObject(raw)    # not bytes(): that would ask a subclass
        except ValueError:                   # a memoryview that was released
            data[0] = NULL
            return raw
    data[0] = <const uint8_t *>PyBytes_AS_STRING(raw)
    length[0] = <size_t>PyBytes_GET_SIZE(raw)
    return raw


cdef struct Sighting:                # of a token
    const uint8_t *raw               # its characters; NULL where it is no ASCII text
    size_t length
    uint64_t hash                    # what a cache looks it up by
    Segments segments                # from here on only what is not remembered
    bint known_header
    uint64_t key_generation
    uint64_t revocation_generation


cdef inline object sight(object raw, Sighting *seen):
    # Gives what keeps the characters alive.
    seen.raw = NULL
    seen.length = 0
    return borrow(raw, &seen.raw, &seen.length)


cdef size_t count_dots(const uint8_t *text, size_t length) noexcept nogil:
    cdef size_t i, count = 0
    for i in range(length):
        count += text[i] == c"."
    return count


cdef inline jf_verdict split(const uint8_t *raw, size_t length, Segments *segments) noexcept nogil:
    cdef const uint8_t *first = <const uint8_t *>memchr(raw, c".", length)
    if first == NULL:
        return JF_NOT_THREE_SEGMENTS
    return split_after(<size_t>(first - raw), raw, length, segments)


cdef jf_verdict split_after(size_t header, const uint8_t *raw, size_t length, Segments *segments) noexcept nogil:
    # The rest of a token, whose header has this length.
    cdef const uint8_t *end = raw + length
    cdef const uint8_t *payload = raw + header + 1
    cdef const uint8_t *second = <const uint8_t *>memchr(payload, c".", <size_t>(end - payload))
    cdef const uint8_t *third
    if second == NULL:
        return JF_NOT_THREE_SEGMENTS
    third = <const uint8_t *>memchr(second + 1, c".", <size_t>(end - second) - 1)
    if third != NULL:
        return JF_ENCRYPTED if count_dots(third, <size_t>(end - third)) == 2 else JF_NOT_THREE_SEGMENTS
    segments.header = header
    segments.payload = header + 1
    segments.payload_length = <size_t>(second - payload)
    segments.signature = <size_t>(second - raw) + 1
    segments.signature_length = <size_t>(end - second) - 1
    return JF_GOOD


cdef str sign_compact(HmacKey key, bytes header, const uint8_t *payload, size_t length):
    # A token by HMAC, made in one piece: the header is encoded already, the payload is not.
    cdef uint8_t mac[JF_SHA2_MAX_DIGEST]
    cdef size_t size = jf_sha2_digest_size(key.state.hash), at = <size_t>PyBytes_GET_SIZE(header)
    cdef str token = PyUnicode_New(<Py_ssize_t>(at + 2 + JF_BASE64URL_ENCODED_SIZE(length)
                                                + JF_BASE64URL_ENCODED_SIZE(size)), 127)
    cdef uint8_t *out = PyUnicode_1BYTE_DATA(token)
    memcpy(out, PyBytes_AS_STRING(header), at)
    out[at] = c"."
    at += 1
    at += jf_base64url_encode(&CHOSEN, payload, length, out + at)
    jf_hmac(&key.state, out, at, mac)
    out[at] = c"."
    at += 1
    jf_base64url_encode(&CHOSEN, mac, size, out + at)
    return token
