# The compiled core of Issuer: from a subject and claims to a token.

from cpython.unicode cimport PyUnicode_GET_LENGTH

cdef double LATEST = 2.0 ** 53       # seconds, beyond which a verifier takes no time for one
cdef frozenset OWN_CLAIMS = frozenset(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope"])


@cython.final
cdef class SigningKey:
    # A key with the header of the tokens it signs, encoded.
    cdef object key
    cdef object prepared
    cdef bytes header

    def __cinit__(self, key, prepared, bytes header not None):
        self.key = key
        self.prepared = prepared
        self.header = header


cdef class IssuerCore:
    cdef object keys                 # a Key, or what has signing_key_for(lifetime)
    cdef bint rotates
    cdef SigningKey signing
    cdef bytes opening               # of every payload: the issuer
    cdef bytes audience              # as JSON, or None
    cdef long long lifetime
    cdef str token_type
    cdef object clock

    def __init__(self, keys, str issuer not None, *, audience, long long lifetime, str token_type not None, clock):
        if self.opening is not None:
            raise TypeError("an Issuer is configured once")
        self.keys = keys
        self.rotates = hasattr(keys, "signing_key_for")
        self.token_type = token_type
        self.audience = None if audience is None else DUMPS(audience)
        self.lifetime = lifetime
        self.clock = clock
        self.signing = self.signing_with(keys.signing_key_for(lifetime) if self.rotates else keys)
        self.opening = b'{"iss":' + DUMPS(issuer)

    def __reduce_ex__(self, protocol):
        raise TypeError("an Issuer can't be pickled or copied: its keys would end up where nothing wipes them")

    cdef SigningKey signing_with(self, key):
        header = {"alg": key.algorithm, "typ": self.token_type}
        if key.key_id is not None:
            header["kid"] = key.key_id
        octets = DUMPS(header)
        return SigningKey(key, key.prepared, encode_base64url(&CHOSEN, <const uint8_t *>PyBytes_AS_STRING(octets),
                                                              PyBytes_GET_SIZE(octets)))

    cdef SigningKey signing_now(self, long long lifetime):
        cdef SigningKey signing
        if self.opening is None:     # made by __new__ alone, or by a subclass that forgot super().__init__()
            raise TypeError("this Issuer was never configured: call Issuer.__init__")
        if not self.rotates:
            return self.signing
        key = self.keys.signing_key_for(lifetime)
        with cython.critical_section(self):
            signing = self.signing
        if key is not signing.key:
            signing = self.signing_with(key)
            with cython.critical_section(self):
                self.signing = signing
        return signing

    cdef inline long long now(self) except? -1:
        cdef double now
        if self.clock is None:
            return <long long>jf_now()
        now = self.clock()
        if not -LATEST <= now <= LATEST:     # nor is it NaN
            raise ValueError("the issuer's clock told no time: it must give seconds since the epoch")
        return <long long>now

    cdef str write(self, str subject, bytes audience, long long lifetime, str scope, bytes not_before, dict claims):
        # All but the claims is known to be good.
        cdef SigningKey signing = self.signing_now(lifetime)
        cdef long long now = self.now()
        cdef JsonText payload
        cdef Writer writer
        writer.at = payload.small
        writer.end = payload.small + SMALL_TEXT
        if self.compose(&writer, subject, audience, now, lifetime, scope, not_before, claims):
            return sign_payload(signing, payload.small, <size_t>(writer.at - payload.small))
        return sign_claims(signing, self.made(subject, audience, now, lifetime, scope, not_before) | claims)

    cdef bint compose(self, Writer *writer, str subject, bytes audience, long long now, long long lifetime, str scope,
                      bytes not_before, dict claims) except -1:
        cdef uint8_t token_id[ID_CHARACTERS]
        RANDOM_IDS.write(token_id)
        return (put_bytes(writer, self.opening)
                and put_bytes(writer, b',"sub":') and put_text(writer, subject, 0)
                and (audience is None or (put_bytes(writer, b',"aud":') and put_bytes(writer, audience)))
                and put_bytes(writer, b',"exp":') and put_integer(writer, now + lifetime)
                and (not_before is None or (put_bytes(writer, b',"nbf":') and put_bytes(writer, not_before)))
                and put_bytes(writer, b',"iat":') and put_integer(writer, now)
                and put_bytes(writer, b',"jti":"') and put_octets(writer, <const char *>token_id, ID_CHARACTERS)
                and put_bytes(writer, b'"')
                and (scope is None or (put_bytes(writer, b',"scope":') and put_text(writer, scope, 0)))
                and put_members(writer, claims, 0) and put_bytes(writer, b"}"))

    cdef dict made(self, str subject, bytes audience, long long now, long long lifetime, str scope, bytes not_before):
        # The same claims as objects, for what takes other ways.
        cdef uint8_t token_id[ID_CHARACTERS]
        RANDOM_IDS.write(token_id)
        claims = {
            **orjson.loads(self.opening + b"}"),
            "sub": subject,
            "aud": None if audience is None else orjson.loads(audience),
            "exp": now + lifetime,
            "nbf": None if not_before is None else orjson.loads(not_before),
            "iat": now,
            "jti": PyBytes_FromStringAndSize(<const char *>token_id, ID_CHARACTERS).decode("ascii"),
            "scope": scope,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, dict claims not None):
        return sign_claims(self.signing_now(self.lifetime), claims)

    def issue(self, subject, *, audience=None, lifetime=None, scope=None, not_before=None, override=None, **claims):
        cdef bytes aud = self.audience
        cdef long long seconds = self.lifetime
        if type(subject) is not str or not subject:
            raise TypeError("subject is a str that says whom the token is about, and not empty")
        if claims and names_own_claim(claims):
            raise ValueError(
                f"{', '.join(sorted(OWN_CLAIMS.intersection(claims)))}: the issuer's own to set; use the parameters of "
                "issue(), or override= to set one on purpose"
            )
        if (audience is not None or lifetime is not None or not_before is not None
                or (scope is not None and type(scope) is not str)):
            audience, lifetime, scope, not_before = self.check(audience, lifetime, scope, not_before)
            aud = self.audience if audience is None else DUMPS(audience)
            seconds = self.lifetime if lifetime is None else lifetime
            not_before = None if not_before is None else DUMPS(not_before)
        if scope is not None:
            check_scope(scope)
        if override is not None:
            return self.issue_overridden(subject, aud, seconds, scope, not_before, override, claims)
        return self.write(subject, aud, seconds, scope, not_before, claims)

    def check(self, audience, lifetime, scope, not_before):
        raise TypeError("Issuer checks these")

    cdef str issue_overridden(self, subject, bytes audience, long long lifetime, str scope, bytes not_before, override,
                              dict claims):
        if not OWN_CLAIMS.issuperset(override):
            raise ValueError(f"override is for {', '.join(sorted(OWN_CLAIMS))}: give other claims as arguments")
        cdef SigningKey signing = self.signing_now(lifetime)
        made = self.made(subject, audience, self.now(), lifetime, scope, not_before) | dict(override)
        return sign_claims(signing, {name: value for name, value in made.items() if value is not None} | claims)


cdef int check_scope(str scope) except -1:
    # RFC 6749 section 3.3: names of printable ASCII but for quote and backslash, a space between two of them.
    cdef size_t length = 0, i
    cdef const uint8_t *text = jf_ascii(<PyObject *>scope, &length)
    cdef uint8_t before = c" "
    for i in range(length if text != NULL else 0):
        if (text[i] < c" " or text[i] > c"~" or text[i] == c'"' or text[i] == c"\\"
                or (text[i] == c" " and before == c" ")):
            before = c" "
            break
        before = text[i]
    if before == c" ":
        raise ValueError("scope is names with one space between two of them (RFC 6749 section 3.3), and not empty")
    return 0


cdef bint names_own_claim(dict claims) except -1:
    cdef PyObject *name
    cdef PyObject *value
    cdef Py_ssize_t position = 0, length
    while PyDict_Next(claims, &position, &name, &value):
        length = PyUnicode_GET_LENGTH(<object>name)
        if (length == 3 or length == 5) and <object>name in OWN_CLAIMS:
            return True
    return False


cdef str sign_payload(SigningKey signing, const uint8_t *payload, size_t length):
    cdef bytes message, signature
    if type(signing.prepared) is HmacKey:
        return sign_compact(<HmacKey>signing.prepared, signing.header, payload, length)
    message = signing.header + b"." + encode_base64url(&CHOSEN, payload, <Py_ssize_t>length)
    signature = signing.key.sign(message)
    return (message + b"." + encode_base64url(&CHOSEN, <const uint8_t *>PyBytes_AS_STRING(signature),
                                              PyBytes_GET_SIZE(signature))).decode("ascii")


cdef str sign_claims(SigningKey signing, dict claims):
    cdef JsonText payload
    cdef Writer writer
    cdef bytes text
    writer.at = payload.small
    writer.end = payload.small + SMALL_TEXT
    if put_object(&writer, claims, 0):
        return sign_payload(signing, payload.small, <size_t>(writer.at - payload.small))
    text = json_of(claims)
    return sign_payload(signing, <const uint8_t *>PyBytes_AS_STRING(text), <size_t>PyBytes_GET_SIZE(text))
