# JSON of what tokens usually say, written straight to where it is encoded from. What is unusual is left to orjson.

from cpython.dict cimport PyDict_Next

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1

cdef object JSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
cdef object DUMPS = orjson.dumps

cdef enum:
    MAX_NUMBER = 20                  # characters of a 64-bit integer
    MAX_WRITTEN_DEPTH = 16


cdef struct Writer:                  # JF_JSON_PADDING octets of room stay free behind `end`
    uint8_t *at
    uint8_t *end


cdef inline bint put_octets(Writer *writer, const char *octets, size_t length) noexcept:
    # Whether there was room, as of the other functions here.
    if <size_t>(writer.end - writer.at) < length:
        return False
    memcpy(writer.at, octets, length)
    writer.at += length
    return True


cdef inline bint put_bytes(Writer *writer, bytes octets) noexcept:
    return put_octets(writer, PyBytes_AS_STRING(octets), <size_t>PyBytes_GET_SIZE(octets))


cdef inline bint put_integer(Writer *writer, long long number) noexcept:
    cdef uint8_t digits[MAX_NUMBER]
    cdef int at = MAX_NUMBER
    cdef uint64_t left = <uint64_t>0 - <uint64_t>number if number < 0 else <uint64_t>number
    while True:
        at -= 1
        digits[at] = <uint8_t>(c"0" + left % 10)
        left //= 10
        if not left:
            break
    if number < 0:
        at -= 1
        digits[at] = c"-"
    return put_octets(writer, <const char *>&digits[at], <size_t>(MAX_NUMBER - at))


cdef inline bint put_text(Writer *writer, object text, size_t before) noexcept:
    # ASCII that needs no escapes: read back, it is one string of the same length. `before`: the number of octets that
    # were left out in front of it, for the caller to set.
    cdef size_t length = 0
    cdef const uint8_t *data = jf_ascii(<PyObject *>text, &length)
    cdef uint8_t *quote = writer.at + before
    cdef jf_json_value value
    if data == NULL or <size_t>(writer.end - writer.at) < before + length + 3:
        return False
    quote[0] = c'"'
    memcpy(quote + 1, data, length)
    quote[length + 1] = c'"'
    # Quotes, not zeros: the text wasn't scanned, and after a backslash at its end the next quote must be near.
    memset(quote + length + 2, c'"', JF_JSON_PADDING)
    CHOSEN.json_read(quote, &value)
    if value.length != length or value.escaped or not value.ascii:
        return False
    writer.at = quote + length + 2
    return True


cdef bint put_members(Writer *writer, dict members, int depth) except -1:
    # Each with a comma before it.
    cdef PyObject *name
    cdef PyObject *value
    cdef Py_ssize_t position = 0
    cdef uint8_t *start
    while PyDict_Next(members, &position, &name, &value):
        start = writer.at
        if type(<object>name) is not str or not put_text(writer, <object>name, 1):
            return False
        start[0] = c","
        writer.at[0] = c":"          # put_text sees to it that there is room
        writer.at += 1
        if not put_value(writer, <object>value, depth):
            return False
    return True


cdef bint put_object(Writer *writer, dict members, int depth) except -1:
    cdef uint8_t *start = writer.at
    with cython.critical_section(members):       # it is the caller's, who may have other threads
        if not put_members(writer, members, depth):
            return False
    if writer.at == start:
        return put_octets(writer, b"{}", 2)
    start[0] = c"{"                  # in the place of the first comma
    return put_octets(writer, b"}", 1)


cdef bint put_array(Writer *writer, list elements, int depth) except -1:
    cdef uint8_t *start = writer.at
    for element in elements:
        if not put_octets(writer, b",", 1) or not put_value(writer, element, depth):
            return False
    if writer.at == start:
        return put_octets(writer, b"[]", 2)
    start[0] = c"["
    return put_octets(writer, b"]", 1)


cdef bint put_value(Writer *writer, object value, int depth) except -1:
    cdef object kind = type(value)
    cdef int overflow = 0
    cdef long long number
    if kind is str:
        return put_text(writer, value, 0)
    if kind is int:
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        return not overflow and put_integer(writer, number)
    if kind is bool:
        return put_octets(writer, b"true", 4) if value is True else put_octets(writer, b"false", 5)
    if value is None:
        return put_octets(writer, b"null", 4)
    if depth == MAX_WRITTEN_DEPTH:
        return False
    if kind is list:
        return put_array(writer, <list>value, depth + 1)
    if kind is dict:
        return put_object(writer, <dict>value, depth + 1)
    return False


cdef bytes json_of(dict claims):
    # By orjson, which takes all that is JSON, and nothing that is nested without end: so it goes first.
    try:
        text = DUMPS(claims, None, JSON_OPTIONS)
        require_numbers(claims)
        return text
    except TypeError as error:       # orjson's words name types, and no values
        reason = str(error)
    raise ValueError(f"these claims are no JSON: {reason}")


cdef int require_numbers(object value) except -1:
    # orjson writes null for what is no number.
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("a claim is NaN or infinite, which JSON has no word for")
    if isinstance(value, Enum):      # orjson writes what it stands for
        require_numbers(value.value)
    elif isinstance(value, dict):
        for member in (<dict>value).values():
            require_numbers(member)
    elif isinstance(value, (list, tuple)):
        for element in value:
            require_numbers(element)
    return 0
