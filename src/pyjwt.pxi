# The compiled part of jwtfast.jwt.PyJWT: calls are answered by decoders and signers of earlier calls of the same
# arguments. What none of them can answer goes to the Python part, which has PyJWT's laxness and its words.

UNSET = object()                     # the algorithm where a call of encode names none


cdef class PyJWTCore:
    cdef dict decoders
    cdef dict signers
    cdef Decoder recent              # the decoder of the last call
    cdef Signer recent_signer
    cdef Generation changes          # of this object's options
    cdef object required             # what the options have under "require", as it is now
    cdef Generation registry         # of the algorithms
    cdef object jwk                  # the class PyJWK
    cdef bint is_open                # whether nothing is overridden that a decoder or signer stands for

    def __cinit__(self, *args, **kwargs):
        self.decoders = {}
        self.signers = {}

    def _configure(self, Generation changes not None, Generation registry not None, jwk, bint is_open):
        self.changes = changes
        self.registry = registry
        self.jwk = jwk
        self.is_open = is_open

    def _require(self, required):
        with cython.critical_section(self):
            self.required = required

    # Bound as functions in Python are, so that their signatures can be asked for.
    @cython.binding(True)
    def decode(self, jwt, key="", algorithms=None, options=None, verify=None, detached_payload=None, audience=None,
               subject=None, issuer=None, leeway=0, **kwargs):
        cdef Refusal why
        cdef Decoder decoder = None
        cdef dict claims
        if (self.is_open and verify is None and detached_payload is None and not kwargs
                and (PyUnicode_Check(jwt) or isinstance(jwt, bytes))):
            decoder = self.decoder_for(key, algorithms, options, audience, issuer, leeway)
        if decoder is not None:
            claims = decoder.claims_of(jwt, &why)
            if claims is not None:
                if subject is None or claims.get("sub", subject) == subject:
                    return claims
            elif decoder.settles(why.verdict):
                raise decoder.refusal(&why)
        return self._decode(jwt, key, algorithms, options, verify, detached_payload, audience, subject, issuer, leeway,
                            kwargs)

    cdef Decoder decoder_for(self, object key, object algorithms, object options, object audience, object issuer,
                             object leeway):
        cdef Decoder recent
        cdef uint64_t changes = self.changes.read()
        cdef object required
        with cython.critical_section(self):
            recent, required = self.recent, self.required
        if (recent is not None and is_same(required, recent.required)
                and recent.is_for(key, algorithms, options, audience, issuer, leeway, changes)):
            return recent
        demands = demands_of(key, algorithms, options, audience, issuer, leeway, self.jwk)
        required = plain_texts(required)
        if demands is None or required is NotImplemented:
            return None
        demands = (changes, required, demands)
        found = self.decoders.get(demands)
        if found is None:
            found = self.new_decoder(demands, key, changes)
        if found is False:
            return None
        if not isinstance(key, self.jwk):
            with cython.critical_section(self):
                self.recent = <Decoder>found
        return <Decoder>found

    cdef object new_decoder(self, tuple demands, object key, uint64_t changes):
        cdef Decoder decoder
        _, required, (_, _, algorithms, options, audience, issuer, leeway) = demands
        built = self._decoder(key, algorithms, None if options is None else dict(options), audience, issuer, leeway)
        if built is None:
            built = False            # to be asked once
        else:
            decoder = <Decoder>built
            decoder.key = key
            decoder.required = required
            decoder.algorithms = algorithms
            decoder.options = options
            decoder.audience = audience
            decoder.issuer = issuer
            decoder.leeway = leeway
            decoder.changes = changes
        keep(self.decoders, demands, built, MAX_DECODERS)
        return built

    @cython.binding(True)
    def encode(self, payload, key, algorithm=UNSET, headers=None, json_encoder=None, sort_headers=True):
        cdef Signer signer = None
        cdef bytes text
        if self.is_open and type(payload) is dict and json_encoder is None and sort_headers is True:
            signer = self.signer_for(key, algorithm, headers)
        if signer is not None and type((<dict>payload).get("iss", "")) is str:
            text = compact_json(<dict>payload)
            if text is not None:
                warn_of_key_length(signer.problem)
                return sign_compact(signer.key, signer.header, <const uint8_t *>PyBytes_AS_STRING(text),
                                    <size_t>PyBytes_GET_SIZE(text))
        return self._encode(payload, key, algorithm, headers, json_encoder, sort_headers)

    cdef Signer signer_for(self, object key, object algorithm, object headers):
        cdef Signer signer
        cdef uint64_t changes = self.changes.read() + self.registry.read()   # either goes up only
        if type(key) is not str and type(key) is not bytes:
            return None
        with cython.critical_section(self):
            signer = self.recent_signer
        if (signer is not None and key is signer.secret and algorithm is signer.algorithm and not headers
                and changes == signer.changes):
            return signer
        if algorithm is not UNSET and type(algorithm) is not str:
            return None
        members = plain_headers(headers)
        if members is None:
            return None
        demands = (changes, type(key), key, algorithm, members)
        found = self.signers.get(demands)
        if found is None:
            found = self._signer(key, algorithm, dict(members)) or False
            if found is not False:
                (<Signer>found).secret = key
                (<Signer>found).algorithm = algorithm
                (<Signer>found).changes = changes
            keep(self.signers, demands, found, MAX_DECODERS)
        if found is False:
            return None
        if not members:
            with cython.critical_section(self):
                self.recent_signer = <Signer>found
        return <Signer>found


cdef tuple plain_headers(object headers):
    # The items of a dict of texts; None for anything else.
    if headers is None:
        return ()
    if type(headers) is not dict:
        return None
    for name, value in (<dict>headers).items():
        if type(name) is not str or type(value) is not str:
            return None
    return tuple((<dict>headers).items())


cdef int keep(dict memo, object name, object value, Py_ssize_t most) except -1:
    # The oldest go first. Other threads may do the same at this time.
    while len(memo) >= most:
        memo.pop(next(iter(list(memo)), None), None)
    memo[name] = value
    return 0
