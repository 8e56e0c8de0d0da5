# JSON text on its way through the scanner, and what the scanner leaves to a full parser.

cdef enum:
    SMALL_TEXT = 4096                # octets that are decoded on the stack

cdef dict JSON_FAULTS = {
    JF_JSON_DUPLICATE: "it has two members of one name",
    JF_JSON_INVALID: "it is not a JSON object in UTF-8",
    JF_JSON_TOO_DEEP: "it is nested too deep",
    JF_JSON_TOO_BIG: "it has an integer of more than 64 bits",
}


cdef struct JsonText:                # JF_JSON_PADDING zeros stand behind the text
    uint8_t *text
    size_t length
    size_t members                   # of all objects in it, once it was scanned
    uint8_t small[SMALL_TEXT + JF_JSON_PADDING]


cdef int make_room(JsonText *json, size_t size) except -1:
    json.text = json.small
    if size > SMALL_TEXT:
        json.text = <uint8_t *>PyMem_RawMalloc(size + JF_JSON_PADDING)
        if json.text == NULL:
            raise MemoryError
    return 0


cdef bint decode_json(JsonText *json, const uint8_t *encoded, size_t length) except -1:
    # Whether it was base64url; release_json() must follow in either case.
    make_room(json, JF_BASE64URL_DECODED_SIZE(length))
    json.length = jf_base64url_decode(&CHOSEN, encoded, length, json.text)
    if json.length == JF_BASE64URL_INVALID:
        return False
    memset(json.text + json.length, 0, JF_JSON_PADDING)
    return True


cdef int keep_json(JsonText *json, bytes text) except -1:
    make_room(json, <size_t>PyBytes_GET_SIZE(text))
    json.length = <size_t>PyBytes_GET_SIZE(text)
    memcpy(json.text, PyBytes_AS_STRING(text), json.length)
    memset(json.text + json.length, 0, JF_JSON_PADDING)
    return 0


cdef void release_json(JsonText *json) noexcept:
    if json.text != json.small:
        PyMem_RawFree(json.text)


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


cdef dict settle(const JsonText *json, jf_json_result *result):
    # Has orjson decide what was unusual: gives the object, whose names are unique at every level; or None and why not.
    # orjson keeps the last of two members of one name, so that there are fewer than the scanner counted.
    cdef dict plain
    try:
        plain = orjson.loads(PyBytes_FromStringAndSize(<const char *>json.text, <Py_ssize_t>json.length))
    except orjson.JSONDecodeError:
        result[0] = JF_JSON_INVALID
        return None
    if count_members(plain) != <Py_ssize_t>json.members:
        result[0] = JF_JSON_DUPLICATE
        return None
    result[0] = JF_JSON_OK
    return plain


cdef int respell(JsonText *json, dict plain) except -1:
    # One canonical spelling for everything, to be scanned with JF_JSON_SETTLED: what is compared is compared there.
    release_json(json)
    json.text = json.small           # should there be no memory
    return keep_json(json, orjson.dumps(plain))


cdef int scan_settled(const jf_kernels *kernels, JsonText *json, const jf_json_names *names,
                      jf_json_value *found) except -1:
    cdef jf_json_guesses guesses
    memset(&guesses, 0, sizeof(guesses))
    kernels.json_scan(json.text, json.length, JF_JSON_SETTLED, names, &guesses, found, &json.members)
    return 0


cdef jf_json_result scan_json(const jf_kernels *kernels, JsonText *json, const jf_json_names *names,
                              jf_json_value *found) noexcept:
    # Of a text like no other that was seen.
    cdef jf_json_guesses guesses
    memset(&guesses, 0, sizeof(guesses))
    json.members = 0
    return kernels.json_scan(json.text, json.length, 0, names, &guesses, found, &json.members)


cdef bint is_good(const jf_kernels *kernels, JsonText *json, jf_json_guesses *guesses,
                  jf_json_result *result) except -1:
    # Whether it is an object by the grammar that tokens are held to.
    json.members = 0
    result[0] = kernels.json_scan(json.text, json.length, 0, NULL, guesses, NULL, &json.members)
    if result[0] == JF_JSON_UNUSUAL:
        settle(json, result)
    return result[0] == JF_JSON_OK


cdef Claims read_claims(const jf_kernels *kernels, JsonText *json, jf_json_guesses *guesses, jf_json_result *result):
    # The object, or None and why not.
    cdef Py_ssize_t size = 0
    return build_claims(kernels, json, &size) if is_good(kernels, json, guesses, result) else None


def read_json_object(bytes text not None):
    # For documents that hold keys: the same grammar as for tokens.
    cdef jf_json_result result = JF_JSON_OK
    cdef jf_json_guesses guesses
    cdef JsonText json
    memset(&guesses, 0, sizeof(guesses))
    keep_json(&json, text)
    try:
        if not is_good(&CHOSEN, &json, &guesses, &result):
            raise ValueError(JSON_FAULTS[result])
    finally:
        release_json(&json)
    return orjson.loads(text)
