cdef class PreparedKey:
    # What verifies a signature of one algorithm with one key. HmacKey is the native one.
    cdef readonly str algorithm
    cdef readonly str key_id         # or None

    cdef bint verify(self, const uint8_t *message, size_t length, const uint8_t *signature,
                     size_t signature_length) except -1:
        raise TypeError("a PreparedKey verifies nothing by itself")


@cython.final
@cython.no_gc
cdef class HmacKey(PreparedKey):
    cdef jf_hmac_key state
    cdef uint8_t *secret             # the key as it was given, to be exported as a JWK
    cdef size_t secret_length

    def __cinit__(self, str hash_name not None, bytes secret not None, str algorithm not None,
                  str key_id=None):
        cdef jf_sha2_id hash_id = sha2_id(hash_name)
        self.secret_length = <size_t>PyBytes_GET_SIZE(secret)
        if not self.secret_length:
            raise ValueError("an HMAC key can't be empty")
        self.secret = <uint8_t *>PyMem_RawMalloc(self.secret_length)
        if self.secret == NULL:
            raise MemoryError
        memcpy(self.secret, PyBytes_AS_STRING(secret), self.secret_length)
        jf_hmac_key_init(&self.state, &CHOSEN, hash_id, self.secret, self.secret_length)
        self.algorithm = algorithm
        self.key_id = key_id

    def __dealloc__(self):
        jf_wipe(&self.state, sizeof(self.state))
        if self.secret != NULL:
            jf_wipe(self.secret, self.secret_length)
            PyMem_RawFree(self.secret)

    cdef bint verify(self, const uint8_t *message, size_t length, const uint8_t *signature,
                     size_t signature_length) except -1:
        return jf_hmac_verify(&self.state, message, length, signature, signature_length)

    def sign(self, bytes message not None):
        cdef uint8_t mac[JF_SHA2_MAX_DIGEST]
        jf_hmac(&self.state, <const uint8_t *>PyBytes_AS_STRING(message), <size_t>PyBytes_GET_SIZE(message), mac)
        return PyBytes_FromStringAndSize(<char *>mac, <Py_ssize_t>jf_sha2_digest_size(self.state.hash))

    def export(self):
        return PyBytes_FromStringAndSize(<char *>self.secret, <Py_ssize_t>self.secret_length)

    def __repr__(self):
        return f"<HmacKey {self.algorithm} [redacted]>"
