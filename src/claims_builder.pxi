# Claims from JSON text that was found good: nothing is checked here any more.

from cpython.list cimport PyList_Append

cdef extern from *:
    """
    /* What a str takes, as the allocator rounds it. */
    static inline Py_ssize_t jf_text_bytes(PyObject *text)
    {
        Py_ssize_t bytes, length = PyUnicode_GET_LENGTH(text);
        if (PyUnicode_IS_COMPACT_ASCII(text))
            bytes = length ? (Py_ssize_t)sizeof(PyASCIIObject) + length + 1 : 0; /* Python has one empty str */
        else
            bytes = (Py_ssize_t)sizeof(PyCompactUnicodeObject) + (length + 1) * PyUnicode_KIND(text);
        return (bytes + 15) & ~(Py_ssize_t)15;
    }

    /* Gives a reference of one's own into Cython's care. */
    #define jf_owned(reference) (reference)

    /* A dict with room for so many members. */
    static inline PyObject *jf_dict_for(Py_ssize_t members)
    {
    #if PY_VERSION_HEX < 0x030d0000
        if (members > 5) /* what any dict has room for */
            return _PyDict_NewPresized(members);
    #endif
        (void)members;
        return PyDict_New();
    }

    /* Makes a dict or list that nobody else has seen one of a subclass that adds nothing to it but methods. That is
     * faster than a subclass's own constructor, which takes no part in their free lists. What is in it are values of
     * JSON, which refer to nothing that could refer back: the garbage collector need not look at it, ever. */
    static inline PyObject *jf_seal(PyObject *container, PyObject *sealed)
    {
        PyTypeObject *type = (PyTypeObject *)sealed;
        if (PyObject_GC_IsTracked(container))
            PyObject_GC_UnTrack(container);
        if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE))
            Py_INCREF(type);
        Py_SET_TYPE(container, type);
        Py_INCREF(container);
        return container;
    }
    """
    Py_ssize_t jf_text_bytes(PyObject *text)
    dict jf_dict_for(Py_ssize_t members)
    PyObject *jf_seal(PyObject *container, PyObject *type) noexcept
    object jf_owned(PyObject *reference)

# The functions here that give a PyObject * give a reference of the caller's own: there are many of them, and each that
# Cython would keep an eye on costs.
cdef extern from "Python.h":
    int PyDict_SetItem(PyObject *members, PyObject *name, PyObject *value) except -1
    PyObject *PyFloat_FromDouble(double value) except NULL
    PyObject *PyList_New(Py_ssize_t length) except NULL
    void PyList_SET_ITEM(PyObject *elements, Py_ssize_t place, PyObject *element)
    PyObject *PyLong_FromLongLong(long long value) except NULL
    double PyOS_string_to_double(const char *text, char **end, PyObject *overflow) except? -1.0

cdef enum:
    GC_HEAD = 16                     # the garbage collector's part of an object, in front of what __sizeof__ tells
    NUMBER_BYTES = 32                # an int of 64 bits, as the allocator rounds it; a float is about that
    MAX_EXACT_DIGITS = 18            # that any int64 has room for


cdef struct Reading:
    const uint8_t *at                # what is read next
    jf_json_reader read
    Py_ssize_t size                  # what was built so far takes, in bytes
    long long number                 # the last integer, and what was made of it: NULL for none
    Place *last                      # the last name that was read
    PyObject *integer                # borrowed: what was built stays, as no name comes twice and replaces a value


# ---- values ----

cdef PyObject *own_text(const jf_json_value *value) except NULL:
    cdef str text
    if value.escaped:
        text = orjson.loads(PyBytes_FromStringAndSize(<const char *>value.text - 1, <Py_ssize_t>value.length + 2))
        Py_INCREF(text)
        return <PyObject *>text
    if value.ascii:
        return jf_ascii_text(value.text, value.length)
    text = PyUnicode_DecodeUTF8(<const char *>value.text, <Py_ssize_t>value.length, NULL)
    Py_INCREF(text)
    return <PyObject *>text


cdef PyObject *own_text_of(Reading *reading, const jf_json_value *value) except NULL:
    cdef PyObject *text = own_text(value)
    reading.size += jf_text_bytes(text)
    return text


cdef PyObject *text_of(Reading *reading, const jf_json_value *value) except NULL:
    # What a string says that is a value.
    cdef Place *place = NULL
    cdef Place *name = reading.last
    if jf_worth_a_look(&name.misses):
        place = shared_text(value)
        if place != NULL:
            jf_found(&name.misses)
    if place == NULL:
        return own_text_of(reading, value)
    Py_INCREF(<object>place.winner)
    return <PyObject *>place.winner


cdef PyObject *integer_of(Reading *reading, const jf_json_value *value) except NULL:
    cdef bint negative = value.text[0] == c"-"
    cdef size_t digits = value.length - negative
    cdef long long number
    cdef object large
    if digits > MAX_EXACT_DIGITS:
        reading.size += NUMBER_BYTES
        large = int(PyBytes_FromStringAndSize(<const char *>value.text, <Py_ssize_t>value.length))
        Py_INCREF(large)
        return <PyObject *>large
    number = <long long>jf_json_digits(value.text + negative, digits)
    number = -number if negative else number
    # A token is mostly good from the moment of its issue on: iat and nbf are one number.
    if reading.integer != NULL and number == reading.number:
        Py_INCREF(<object>reading.integer)
        return reading.integer
    if not -5 <= number <= 256:              # Python has one object for each of these
        reading.size += NUMBER_BYTES
    reading.number = number
    reading.integer = PyLong_FromLongLong(number)
    return reading.integer


cdef double fraction_of(const jf_json_value *value) except? -1.0:
    cdef char *end = NULL
    return PyOS_string_to_double(<const char *>value.text, &end, NULL)


cdef PyObject *build(Reading *reading, const jf_json_value *value) except NULL:
    cdef object word
    if value.kind == JF_JSON_STRING:
        return text_of(reading, value)
    if value.kind == JF_JSON_INTEGER:
        return integer_of(reading, value)
    if value.kind == JF_JSON_OBJECT:
        return build_object(reading)
    if value.kind == JF_JSON_ARRAY:
        return build_array(reading)
    if value.kind == JF_JSON_FRACTION:
        reading.size += NUMBER_BYTES
        return PyFloat_FromDouble(fraction_of(value))
    word = None if value.kind == JF_JSON_NULL else value.text[0] == c"t"
    Py_INCREF(word)
    return <PyObject *>word


# ---- names ----

# What is to go into a container is collected first, so that almost all are made in their final size.
cdef enum:
    AT_ONCE = 64
    MEASURED_DICTS = 33              # for 0 to AT_ONCE / 2 members

cdef struct Collected:
    Py_ssize_t count
    uint64_t own_names               # a bit for each of the objects that is a name which is not shared
    PyObject *object[AT_ONCE]        # names and values by turns; or elements


cdef inline Place *guessed_name(Reading *reading) noexcept:
    # Reads on past a name and its colon where it is the one that came after the last name before, as it does in tokens
    # of one issuer: a compare, where its end would have to be found, its hash and its place. NULL: it is another.
    cdef Place *guess = <Place *>jf_published(&reading.last.next)
    cdef const uint8_t *text = reading.at + 1
    cdef size_t length
    if guess == NULL or reading.at[0] != c'"':
        return NULL
    length = guess.length
    if (text[length] != c'"' or text[length + 1] != c":"
            or not is_winner(guess, text, length, jf_json_head_in_text(text, length), tail_of(text, length))):
        return NULL
    reading.at = text + length + 2
    while reading.at[0] <= c" ":
        reading.at += 1
    return guess


cdef inline bint collect_name(Reading *reading, Collected *members) except -1:
    # Gives whether there was one.
    cdef jf_json_value value
    cdef Place *name = guessed_name(reading)
    if name == NULL:
        reading.at = reading.read(reading.at, &value)
        if value.kind == JF_JSON_END:
            return False
        name = shared_text(&value)
        if name == NULL:
            members.object[members.count] = own_text_of(reading, &value)
            members.own_names |= <uint64_t>1 << members.count
            reading.last = &NO_NAME
            return True
        if name.length <= MAX_GUESSED_NAME:
            jf_publish(&reading.last.next, name)
    members.object[members.count] = <PyObject *>name.winner    # borrowed: it stays for good
    reading.last = name
    return True


# ---- containers ----

# What a dict that is made for so many members takes.
cdef Py_ssize_t DICT_BYTES[MEASURED_DICTS]


cdef Py_ssize_t bytes_of(object container) except -1:
    return container.__sizeof__() + GC_HEAD


cdef int measure_dicts() except -1:
    cdef Py_ssize_t count
    cdef dict members
    for count in range(MEASURED_DICTS):
        members = jf_dict_for(count)
        for i in range(count):
            members[str(i)] = None
        DICT_BYTES[count] = bytes_of(members)
    return 0


measure_dicts()
cdef Py_ssize_t EMPTY_LIST_BYTES = bytes_of([])


cdef inline void drop_members(Collected *members) noexcept:
    cdef Py_ssize_t i
    while members.count:
        members.count -= 2
        Py_DECREF(<object>members.object[members.count + 1])
    for i in range(0, AT_ONCE if members.own_names else 0, 2):
        if members.own_names >> i & 1:
            Py_DECREF(<object>members.object[i])
    members.own_names = 0


cdef inline void drop_elements(Collected *elements) noexcept:
    while elements.count:
        elements.count -= 1
        Py_DECREF(<object>elements.object[elements.count])


cdef inline bint collect_member(Reading *reading, Collected *collected) except -1:
    # Gives whether there was one.
    cdef jf_json_value value
    if not collect_name(reading, collected):
        return False
    reading.at = reading.read(reading.at, &value)
    collected.object[collected.count + 1] = build(reading, &value)
    collected.count += 2
    return True


cdef inline bint collect_element(Reading *reading, Collected *collected) except -1:
    # Gives whether there was one.
    cdef jf_json_value value
    reading.at = reading.read(reading.at, &value)
    if value.kind == JF_JSON_END:
        return False
    collected.object[collected.count] = build(reading, &value)
    collected.count += 1
    return True


cdef inline int pour_members(Collected *collected, PyObject *members) except -1:
    cdef Py_ssize_t i
    for i in range(0, collected.count, 2):
        PyDict_SetItem(members, collected.object[i], collected.object[i + 1])
    drop_members(collected)
    return 0


cdef inline int pour_elements(Collected *collected, list elements) except -1:
    cdef Py_ssize_t i
    for i in range(collected.count):
        PyList_Append(elements, <object>collected.object[i])
    drop_elements(collected)
    return 0


cdef dict dict_of(Collected *members, Py_ssize_t *size):
    # Of what was collected, which is taken out; adds what it takes to size[0].
    cdef PyObject *copy = NULL
    if members.count and not members.own_names:
        copy = copy_of_shape(members.object, members.count, size)
    if copy != NULL:
        members.count = 0
        return <dict>jf_owned(copy)
    made = jf_dict_for(members.count // 2)
    size[0] += DICT_BYTES[members.count // 2]
    pour_members(members, <PyObject *>made)
    return made


cdef PyObject *build_object(Reading *reading) except NULL:
    # From its first name on, past its closing brace.
    cdef Collected collected
    cdef dict members = None
    collected.count = 0
    collected.own_names = 0
    try:
        while collect_member(reading, &collected):
            if collected.count == AT_ONCE:
                if members is None:
                    members = {}
                pour_members(&collected, <PyObject *>members)
        if members is None:
            members = dict_of(&collected, &reading.size)
        else:
            pour_members(&collected, <PyObject *>members)
            reading.size += bytes_of(members)
    finally:
        drop_members(&collected)
    return jf_seal(<PyObject *>members, <PyObject *>Claims)


cdef PyObject *build_array(Reading *reading) except NULL:
    # From its first element on, past its closing bracket.
    cdef Collected collected
    cdef list many = None
    cdef PyObject *elements = NULL
    collected.count = 0
    try:
        while collect_element(reading, &collected):
            if collected.count == AT_ONCE:
                if many is None:
                    many = []
                pour_elements(&collected, many)
        if many is None:
            elements = PyList_New(collected.count)
            reading.size += EMPTY_LIST_BYTES + collected.count * <Py_ssize_t>sizeof(PyObject *)
            while collected.count:
                collected.count -= 1
                PyList_SET_ITEM(elements, collected.count, collected.object[collected.count])
        else:
            pour_elements(&collected, many)
            reading.size += bytes_of(many)
    finally:
        drop_elements(&collected)
    if many is None:
        many = <list>jf_owned(elements)
    return jf_seal(<PyObject *>many, <PyObject *>ClaimsList)


cdef Claims build_claims(const jf_kernels *kernels, const JsonText *json, Py_ssize_t *size):
    # Of a text that was found to be a good object; adds what it takes to size[0].
    cdef Reading reading
    cdef jf_json_value value
    cdef Claims claims
    reading.at = json.text
    reading.read = kernels.json_read
    reading.size = 0
    reading.integer = NULL
    reading.last = &FIRST
    while reading.at[0] != c"{":     # white space
        reading.at += 1
    reading.at = reading.read(reading.at, &value)
    claims = <Claims>jf_owned(build_object(&reading))
    size[0] += reading.size
    return claims
