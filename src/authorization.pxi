# The token in a request's header fields (RFC 6750 section 2.1).

def read_authorization(headers, method=None, /):
    # For those who verify it elsewhere. It is Credentials.read itself, for which the method makes no difference here.
    cdef const uint8_t *data = NULL
    cdef size_t length = 0
    cdef object owner = find_bearer(headers, &data, &length)
    return None if owner is None else PyBytes_FromStringAndSize(<const char *>data, <Py_ssize_t>length)


cdef object find_bearer(object headers, const uint8_t **token, size_t *token_length):
    # Gives what keeps the token alive where it stands; None where there is none.
    cdef const uint8_t *data
    cdef size_t length, start
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
    token[0] = data + start
    token_length[0] = length - start
    return value


cdef inline bint is_authorization(object name):
    return (isinstance(name, bytes) and PyBytes_GET_SIZE(name) == 13
            and memcmp(PyBytes_AS_STRING(name), <const char *>"authorization", 13) == 0)
