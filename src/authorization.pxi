# The token in a request's header fields, for those who verify it elsewhere (RFC 6750 section 2.1).

def read_authorization(headers, method=None, /):
    # It is Credentials.read itself, for which the method makes no difference here.
    cdef const uint8_t *data = NULL
    cdef size_t length = 0, start
    cdef object value = None
    for name, content in headers:
        if not is_authorization(name):
            continue
        if value is not None:            # of two, neither can be believed (RFC 9110 section 11.6.2)
            raise errors.InvalidRequestError("the request has more than one Authorization header")
        value = content
    if value is None:
        return None
    if not isinstance(value, bytes):
        raise TypeError(f"a header field is a pair of bytes, not of {type(value).__name__}")
    data = <const uint8_t *>PyBytes_AS_STRING(value)
    length = <size_t>PyBytes_GET_SIZE(value)
    # White space round it is no part of a value (RFC 9110 section 5.5); not every server takes it away.
    while length and (data[0] == c" " or data[0] == c"\t"):
        data += 1
        length -= 1
    while length and (data[length - 1] == c" " or data[length - 1] == c"\t"):
        length -= 1
    if not is_of_scheme(data, length):
        return None
    start = bearer_token(data, length)
    return PyBytes_FromStringAndSize(<const char *>data + start, <Py_ssize_t>(length - start))


cdef inline bint is_authorization(object name):
    return (isinstance(name, bytes) and PyBytes_GET_SIZE(name) == 13
            and memcmp(PyBytes_AS_STRING(name), <const char *>"authorization", 13) == 0)
