# Tokens signed with HMAC, in one piece of memory: from claims to a str (RFC 7515 section 5.1).

from libc.math cimport fabs

cdef enum:
    MAX_PLAIN_DEPTH = 32


@cython.final
cdef class Signer:
    # A secret and an encoded header.
    cdef HmacKey key
    cdef bytes header
    cdef object problem              # with the key's length, or None
    # What a call must pass to be answered by it.
    cdef object secret
    cdef object algorithm
    cdef uint64_t changes

    def __init__(self, HmacKey key not None, bytes header not None, problem):
        self.key = key
        self.header = header
        self.problem = problem


cdef bytes compact_json(dict claims):
    # The octets that the standard library's compact JSON has, made by orjson; None where the two might differ, or
    # orjson takes what the standard library refuses.
    if not is_plain(claims, 0):
        return None
    try:
        return orjson.dumps(claims)
    except TypeError:                # an integer of more than 64 bits
        return None


cdef bint is_plain(object value, int depth) except -1:
    cdef object kind = type(value)
    if kind is str:
        return is_plain_text(value)
    if kind is int or kind is bool or value is None:
        return True
    if kind is float:
        return value == 0 or 1e-4 <= fabs(value) < 1e16
    if depth == MAX_PLAIN_DEPTH:
        return False
    if kind is dict:
        for name, member in (<dict>value).items():
            if type(name) is not str or not is_plain_text(name) or not is_plain(member, depth + 1):
                return False
        return True
    if kind is list:
        for member in <list>value:
            if not is_plain(member, depth + 1):
                return False
        return True
    return False


cdef bint is_plain_text(object text) noexcept:
    # ASCII, and no DEL, which one of the two escapes.
    cdef size_t length = 0
    cdef const uint8_t *data = jf_ascii(<PyObject *>text, &length)
    return data != NULL and memchr(data, 0x7f, length) == NULL
