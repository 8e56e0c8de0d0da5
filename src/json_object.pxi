# What the scanner leaves to a full parser.

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


cdef dict settle(const uint8_t *text, size_t length, size_t members, jf_json_result *result):
    # Has orjson decide what was unusual: gives the object, whose names are unique at every level; or None and why not.
    # orjson keeps the last of two members of one name, so that there are fewer than the scanner counted.
    cdef dict plain
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


cdef bytes respell(dict plain):
    # One canonical spelling for everything, to be scanned with JF_JSON_SETTLED: what is compared is compared there.
    return orjson.dumps(plain) + b"\0" * JF_JSON_PADDING


cdef Py_ssize_t json_members(bytes text) except -1:
    cdef bytes padded = text + b"\0" * JF_JSON_PADDING
    cdef size_t members = 0
    jf_json_scan(<const uint8_t *>PyBytes_AS_STRING(padded), <size_t>PyBytes_GET_SIZE(text), 0, NULL, 0, NULL, &members)
    return <Py_ssize_t>members


def read_json_object(bytes text not None):
    # For documents that hold keys: the same grammar as for tokens.
    cdef bytes padded = text + b"\0" * JF_JSON_PADDING
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(padded)
    cdef size_t length = <size_t>PyBytes_GET_SIZE(text), members = 0
    cdef jf_json_result result = jf_json_scan(start, length, 0, NULL, 0, NULL, &members)
    cdef dict plain = None
    if result == JF_JSON_OK or result == JF_JSON_UNUSUAL:
        plain = settle(start, length, members, &result)
    if plain is None:
        raise ValueError("it has two members of one name" if result == JF_JSON_DUPLICATE else
                         "it is not a JSON object in UTF-8, or nested too deep, or has integers of more than 64 bits")
    return plain
