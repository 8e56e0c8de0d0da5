# base64url for Python: whole octet strings, by the kernels of one's choice.

cdef bytes encode_base64url(const jf_kernels *kernels, const uint8_t *data, Py_ssize_t length):
    cdef bytes out = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>JF_BASE64URL_ENCODED_SIZE(<size_t>length))
    jf_base64url_encode(kernels, data, <size_t>length, <uint8_t *>PyBytes_AS_STRING(out))
    return out


cdef bytes decode_base64url(const jf_kernels *kernels, const uint8_t *text, Py_ssize_t length):
    cdef bytes out = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>JF_BASE64URL_DECODED_SIZE(<size_t>length))
    if jf_base64url_decode(kernels, text, <size_t>length, <uint8_t *>PyBytes_AS_STRING(out)) == JF_BASE64URL_INVALID:
        raise ValueError("not canonical, unpadded base64url (RFC 7515 section 2)")
    return out
