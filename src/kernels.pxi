# Which kernels run: all that the CPU offers, or those that JWTFAST_KERNEL asks for.

cdef jf_kernels CHOSEN
cdef dict ISAS = {"avx2": JF_ISA_AVX2, "shani": JF_ISA_SHANI, "avx512": JF_ISA_AVX512, "avx512ifma": JF_ISA_AVX512IFMA,
                  "avx512vbmi": JF_ISA_AVX512VBMI}


cdef int fill_kernels(jf_kernels *kernels, str request) except -1:
    cdef unsigned present = jf_cpu_isas(), wanted = 0
    if request == "auto":
        wanted = present
    elif request != "portable":
        for name in request.split("+"):
            if name not in ISAS:
                raise ValueError(
                    f"unknown kernel {name!r}: say 'auto', 'portable', or one or more of {sorted(ISAS)} joined by '+'"
                )
            if not present & <unsigned>ISAS[name]:
                raise ValueError(f"this CPU has no {name!r}: leave JWTFAST_KERNEL unset, or say 'portable'")
            wanted |= <unsigned>ISAS[name]
    jf_kernels_fill(kernels, wanted)
    return 0


def available_kernels():
    cdef unsigned present = jf_cpu_isas()
    names = [name for name, isa in ISAS.items() if present & <unsigned>isa]
    return ["portable", *names, *(["+".join(names)] if len(names) > 1 else [])]


cdef jf_sha2_id sha2_id(str name) except *:
    if name == "sha256":
        return JF_SHA256
    if name == "sha384":
        return JF_SHA384
    if name == "sha512":
        return JF_SHA512
    raise ValueError(f"unknown hash {name!r}: say 'sha256', 'sha384' or 'sha512'")


cdef int init_rsa_key(jf_rsa_key *key, const jf_kernels *kernels, jf_rsassa scheme, jf_sha2_id hash_id, bytes modulus,
                      uint64_t exponent) except -1:
    if not jf_rsa_key_init(key, kernels, scheme, hash_id, <const uint8_t *>PyBytes_AS_STRING(modulus),
                           <size_t>PyBytes_GET_SIZE(modulus), exponent):
        raise ValueError("no RSA key that these kernels can use")
    return 0


@cython.final
cdef class Kernels:
    # The native primitives with the kernels of one's choice, to hold each of them to the standards.
    cdef jf_kernels table
    cdef jf_json_guesses guesses     # of the texts it reads, so that right and wrong ones are held to the standards
    cdef readonly str name

    def __cinit__(self, str name="auto"):
        fill_kernels(&self.table, name)
        self.name = name

    def digest(self, str hash_name, bytes message not None):
        cdef jf_sha2_id hash_id = sha2_id(hash_name)
        cdef uint8_t out[JF_SHA2_MAX_DIGEST]
        jf_sha2(&self.table, hash_id, <const uint8_t *>PyBytes_AS_STRING(message),
                <size_t>PyBytes_GET_SIZE(message), out)
        return PyBytes_FromStringAndSize(<char *>out, <Py_ssize_t>jf_sha2_digest_size(hash_id))

    def hmac(self, str hash_name, bytes secret not None, bytes message not None):
        cdef jf_sha2_id hash_id = sha2_id(hash_name)
        cdef jf_hmac_key key
        cdef uint8_t out[JF_SHA2_MAX_DIGEST]
        jf_hmac_key_init(&key, &self.table, hash_id, <const uint8_t *>PyBytes_AS_STRING(secret),
                         <size_t>PyBytes_GET_SIZE(secret))
        jf_hmac(&key, <const uint8_t *>PyBytes_AS_STRING(message), <size_t>PyBytes_GET_SIZE(message), out)
        jf_wipe(&key, sizeof(key))
        return PyBytes_FromStringAndSize(<char *>out, <Py_ssize_t>jf_sha2_digest_size(hash_id))

    def verify_macs(self, list checks not None):
        # checks: (hash_name, secret, message, mac), which are verified as a batch
        cdef size_t count = <size_t>len(checks), i = 0
        cdef jf_hmac_key *keys = <jf_hmac_key *>PyMem_RawCalloc(count + 1, sizeof(jf_hmac_key))
        cdef jf_hmac_check *batch = <jf_hmac_check *>PyMem_RawCalloc(count + 1, sizeof(jf_hmac_check))
        cdef bytes secret, message, mac
        if keys == NULL or batch == NULL:
            raise MemoryError
        try:
            for hash_name, secret, message, mac in checks:
                jf_hmac_key_init(&keys[i], &self.table, sha2_id(hash_name), <const uint8_t *>PyBytes_AS_STRING(secret),
                                 <size_t>PyBytes_GET_SIZE(secret))
                batch[i] = jf_hmac_check(&keys[i], <const uint8_t *>PyBytes_AS_STRING(message),
                                         <size_t>PyBytes_GET_SIZE(message), <const uint8_t *>PyBytes_AS_STRING(mac),
                                         <size_t>PyBytes_GET_SIZE(mac), False)
                i += 1
            jf_hmac_verify_all(batch, count)
            return [bool(batch[i].good) for i in range(count)]
        finally:
            jf_wipe(keys, count * sizeof(jf_hmac_key))
            PyMem_RawFree(keys)
            PyMem_RawFree(batch)

    @property
    def has_rsa(self):
        # Without it RSA signatures are left to the cryptography package, which is faster than portable code.
        return self.table.montgomery_multiply != NULL

    def rsa_public(self, bytes modulus not None, uint64_t exponent, bytes signature not None):
        # The message that a signature represents; None for one that is not below the modulus.
        cdef jf_rsa_key key
        cdef uint8_t message[JF_RSA_MAX_SIZE]
        init_rsa_key(&key, &self.table, JF_RSASSA_PKCS1_V1_5, JF_SHA256, modulus, exponent)
        if <size_t>PyBytes_GET_SIZE(signature) != key.size:
            raise ValueError("a signature has as many octets as the modulus")
        if not jf_rsa_public(&key, <const uint8_t *>PyBytes_AS_STRING(signature), message):
            return None
        return PyBytes_FromStringAndSize(<char *>message, <Py_ssize_t>key.size)

    def base64url_encode(self, bytes data not None):
        return encode_base64url(&self.table, <const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    def base64url_decode(self, bytes text not None):
        return decode_base64url(&self.table, <const uint8_t *>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    def read_json(self, bytes text not None):
        cdef jf_json_result result = JF_JSON_OK
        cdef JsonText json
        cdef Claims claims
        keep_json(&json, text)
        try:
            claims = read_claims(&self.table, &json, &self.guesses, &result)
        finally:
            release_json(&json)
        if claims is None:
            raise ValueError(JSON_FAULTS[result])
        return claims


# Known answers, from the examples of FIPS 180-4 and RFC 4231: a kernel that computes anything else must not run.
cdef tuple KNOWN_DIGESTS = (
    ("sha256", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha384", b"abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                       "8086072ba1e7cc2358baeca134c825a7"),
    ("sha512", b"abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
)
cdef tuple KNOWN_MACS = (
    ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ("sha384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"),
    ("sha512", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
               "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
)

# What RSA makes of the octets from 0 on, by Python's own integers; the modulus is no key's, but any odd one will do.
KNOWN_MODULUS = bytes(range(255, 0, -1)) + b"\x07"
KNOWN_POWER = "d4f1c0b3bbe8daaea03bb9c863dad5ef30a175ceba6dcfbe7838d0e781915c44"  # its SHA-256


def check_known_answers(Kernels kernels not None):
    for hash_name, message, expected in KNOWN_DIGESTS:
        if kernels.digest(hash_name, message).hex() != expected:
            raise ImportError(f"the {hash_name} kernel of {kernels.name!r} fails its known-answer test")
    for hash_name, expected in KNOWN_MACS:
        if kernels.hmac(hash_name, b"Jefe", b"what do ya want for nothing?").hex() != expected:
            raise ImportError(f"HMAC over the {hash_name} kernel of {kernels.name!r} fails its known-answer test")
        check = hash_name, b"Jefe", b"what do ya want for nothing?", bytes.fromhex(expected)
        wrong = *check[:3], bytes(len(check[3]))
        if kernels.verify_macs([check, wrong] * JF_SHA256_MESSAGES) != [True, False] * JF_SHA256_MESSAGES:
            raise ImportError(f"a batch of HMACs by {kernels.name!r} fails its known-answer test")
    if kernels.has_rsa:
        power = kernels.rsa_public(KNOWN_MODULUS, 65537, bytes(range(256)))
        if kernels.digest("sha256", power).hex() != KNOWN_POWER:
            raise ImportError(f"RSA by {kernels.name!r} fails its known-answer test")


cdef choose_kernels():
    name = os.environ.get("JWTFAST_KERNEL") or "auto"
    try:
        kernels = Kernels(name)
    except ValueError as error:
        raise ImportError(f"JWTFAST_KERNEL: {error}") from None
    check_known_answers(kernels)
    fill_kernels(&CHOSEN, name)
    return kernels


kernels = choose_kernels()
