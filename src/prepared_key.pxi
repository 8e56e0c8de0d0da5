cdef class PreparedKey:
    # What verifies a signature of one algorithm with one key: natively, or by the cryptography package.
    cdef readonly str algorithm
    cdef readonly str key_id         # or None

    cdef bint verify(self, const uint8_t *message, size_t length, const uint8_t *signature,
                     size_t signature_length) except -1:
        raise TypeError("a PreparedKey verifies nothing by itself")

    def is_signed(self, bytes signature not None, bytes message not None):
        return self.verify(<const uint8_t *>PyBytes_AS_STRING(message), <size_t>PyBytes_GET_SIZE(message),
                           <const uint8_t *>PyBytes_AS_STRING(signature), <size_t>PyBytes_GET_SIZE(signature))


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


@cython.final
cdef class RsaKey(PreparedKey):
    # A public key whose signatures are checked here, without the GIL: to be had where kernels.has_rsa says so.
    cdef jf_rsa_key state

    def __cinit__(self, str algorithm not None, str hash_name not None, bytes modulus not None, uint64_t exponent, *,
                  bint pss, str key_id=None):
        init_rsa_key(&self.state, &CHOSEN, JF_RSASSA_PSS if pss else JF_RSASSA_PKCS1_V1_5, sha2_id(hash_name), modulus,
                     exponent)
        self.algorithm = algorithm
        self.key_id = key_id

    cdef bint verify(self, const uint8_t *message, size_t length, const uint8_t *signature,
                     size_t signature_length) except -1:
        with nogil:
            return jf_rsa_verify(&self.state, message, length, signature, signature_length)

    def __repr__(self):
        return f"<RsaKey {self.algorithm}>"


@cython.final
cdef class SignatureKey(PreparedKey):
    # A public key of the cryptography package: a bound verify method and what it wants besides signature and message.
    # Where that is a Prehashed, the message is hashed here: faster, and with less that is done under the GIL.
    cdef object verifier
    cdef tuple arguments
    cdef bint hashes
    cdef jf_sha2_id hash_id
    cdef size_t signature_length     # every algorithm's signatures have one length, given the key
    cdef bytes order                 # of the curve, where signatures are r || s; else None
    cdef object refused              # what the method raises for a bad signature

    def __cinit__(self, str algorithm not None, verifier, tuple arguments not None, size_t signature_length, *,
                  str hash_name=None, bytes order=None, str key_id=None):
        from cryptography.exceptions import InvalidSignature

        if order is not None and signature_length != 2 * <size_t>PyBytes_GET_SIZE(order):
            raise ValueError("r and s have the order's length")
        if order is not None and PyBytes_GET_SIZE(order) > JF_ECDSA_MAX_SIZE:
            raise ValueError("no curve is that large")
        self.algorithm = algorithm
        self.key_id = key_id
        self.verifier = verifier
        self.arguments = arguments
        self.signature_length = signature_length
        self.hashes = hash_name is not None
        self.hash_id = JF_SHA256 if hash_name is None else sha2_id(hash_name)
        self.order = order
        self.refused = InvalidSignature

    cdef bint verify(self, const uint8_t *message, size_t length, const uint8_t *signature,
                     size_t signature_length) except -1:
        cdef uint8_t der[JF_ECDSA_MAX_DER]
        cdef uint8_t digest[JF_SHA2_MAX_DIGEST]
        if signature_length != self.signature_length:
            return False
        if self.order is not None:
            signature_length = jf_ecdsa_der(signature, signature_length // 2,
                                            <const uint8_t *>PyBytes_AS_STRING(self.order), der)
            if not signature_length:
                return False
            signature = der
        if self.hashes:
            jf_sha2(&CHOSEN, self.hash_id, message, length, digest)
            message, length = digest, jf_sha2_digest_size(self.hash_id)
        try:
            self.verifier(PyBytes_FromStringAndSize(<const char *>signature, <Py_ssize_t>signature_length),
                          PyBytes_FromStringAndSize(<const char *>message, <Py_ssize_t>length), *self.arguments)
        except self.refused:
            return False
        return True

    def __repr__(self):
        return f"<SignatureKey {self.algorithm}>"
