# Claims from JSON text that was found good: nothing is checked here any more.

from cpython.list cimport PyList_Append
from cpython.unicode cimport PyUnicode_DATA

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

    static inline PyObject *jf_ascii_text(const uint8_t *text, size_t length)
    {
        PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
        if (made && length)
            memcpy(PyUnicode_1BYTE_DATA(made), text, length);
        return made;
    }

    /* Gives a reference of one's own into Cython's care. */
    #define jf_owned(reference) (reference)

    /* What is written before the one is read after the other. */
    static inline void jf_publish(void **place, void *pointer)
    {
    #if defined(__GNUC__)
        __atomic_store_n(place, pointer, __ATOMIC_RELEASE);
    #else
        *(void *volatile *)place = pointer;
    #endif
    }

    static inline void *jf_published(void **place)
    {
    #if defined(__GNUC__)
        return __atomic_load_n(place, __ATOMIC_ACQUIRE);
    #else
        return *(void *volatile *)place;
    #endif
    }

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

    /* Where in the table of a dict, which takes so many bytes, its members stand, names and values by turns. They do
     * where all names are str, and none was ever taken out; 0: not in this Python. */
    static inline Py_ssize_t jf_members_place(PyObject *dict, PyObject *const *members, Py_ssize_t count,
                                              Py_ssize_t bytes)
    {
        Py_ssize_t size = count * (Py_ssize_t)sizeof(PyObject *);
        const char *table = (const char *)((PyDictObject *)dict)->ma_keys;
        for (Py_ssize_t place = 0; place + size <= bytes; place += (Py_ssize_t)sizeof(PyObject *))
            if (!memcmp(table + place, members, (size_t)size))
                return place;
        return 0;
    }

    static inline PyObject **jf_members_at(PyObject *dict, Py_ssize_t place)
    {
        return (PyObject **)((char *)((PyDictObject *)dict)->ma_keys + place);
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
    PyObject *jf_ascii_text(const uint8_t *text, size_t length) except NULL
    void jf_publish(void **place, void *pointer) noexcept
    void *jf_published(void **place) noexcept
    dict jf_dict_for(Py_ssize_t members)
    Py_ssize_t jf_members_place(PyObject *members, PyObject **by_turns, Py_ssize_t count, Py_ssize_t bytes) noexcept
    PyObject **jf_members_at(PyObject *members, Py_ssize_t place) noexcept
    PyObject *jf_seal(PyObject *container, PyObject *type) noexcept
    object jf_owned(PyObject *reference)

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *object)


# The functions here that give a PyObject * give a reference of the caller's own: there are many of them, and each that
# Cython would keep an eye on costs.
cdef extern from "Python.h":
    PyObject *PyDict_Copy(PyObject *members) except NULL
    int PyDict_SetItem(PyObject *members, PyObject *name, PyObject *value) except -1
    PyObject *PyFloat_FromDouble(double value) except NULL
    PyObject *PyList_New(Py_ssize_t length) except NULL
    void PyList_SET_ITEM(PyObject *elements, Py_ssize_t place, PyObject *element)
    PyObject *PyLong_FromLongLong(long long value) except NULL
    void PyUnicode_InternInPlace(PyObject **text)
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
    PyObject *integer                # borrowed: what was built stays, as no name comes twice and replaces a value


# ---- texts that tokens share ----

# Member names, and values like the issuer's, are the same in token after token. Each place of this table takes a vote
# over the short texts that hash to it; one that has won by VOTES stays for good and is shared by all who have it, which
# is a bounded amount and is charged to no token. Of any other text each token gets its own copy.
cdef enum:
    SHARED_TEXTS = 2048              # a power of two
    MAX_SHARED_TEXT = 64             # characters
    VOTES = 8

cdef struct Ballot:
    uint64_t candidate               # a hash
    unsigned lead                    # over all others

cdef struct Place:
    void *winner                     # a str, or NULL; whoever sees it sees the rest of it, which changes no more
    uint64_t head, tail              # its first and its last eight octets
    size_t length
    Ballot ballot

cdef Place SHARED[SHARED_TEXTS]
cdef object ELECTION = object()      # locked for votes


cdef inline bint vote(Ballot *ballot, uint64_t hashed) noexcept:
    # Gives whether it has enough votes now.
    if ballot.candidate == hashed:
        ballot.lead = min(ballot.lead + 1, <unsigned>VOTES)    # no more, should there be no memory for it yet
    elif ballot.lead:
        ballot.lead -= 1
    else:
        ballot.candidate = hashed
    return ballot.candidate == hashed and ballot.lead == VOTES


cdef bint elect(Place *place, const jf_json_value *value, uint64_t hashed, uint64_t head, uint64_t tail) except -1:
    # Votes for a text; gives whether there is a winner now.
    cdef PyObject *text = NULL
    with cython.critical_section(ELECTION):
        if vote(&place.ballot, hashed) and place.winner == NULL:
            text = jf_ascii_text(value.text, value.length)
            PyUnicode_InternInPlace(&text)           # as are the names that programs ask for
            place.head = head
            place.tail = tail
            place.length = value.length
            jf_publish(&place.winner, text)
    return text != NULL


cdef PyObject *shared_text(const jf_json_value *value) except? NULL:
    # NULL alone: it is not shared.
    cdef size_t length = value.length
    cdef uint64_t head = jf_json_head_in_text(value.text, length), tail = 0, hashed
    cdef Place *place
    cdef PyObject *winner
    if length >= 8:
        memcpy(&tail, value.text + length - 8, 8)
    hashed = (head ^ tail * <uint64_t>0xd6e8feb86659fd93 ^ length) * <uint64_t>0x9e3779b97f4a7c15
    hashed ^= hashed >> 32
    place = &SHARED[hashed & (SHARED_TEXTS - 1)]
    winner = <PyObject *>jf_published(&place.winner)
    if winner == NULL and not elect(place, value, hashed, head, tail):
        return NULL
    winner = <PyObject *>place.winner
    if (place.head == head and place.tail == tail and place.length == length
            and (length <= 16 or not memcmp(PyUnicode_DATA(<object>winner), value.text, length))):
        Py_INCREF(<object>winner)
        return winner
    return NULL


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


cdef PyObject *text_of(const jf_json_value *value, Py_ssize_t *size) except NULL:
    # What a string says; adds to size[0] what it takes where it is not shared.
    cdef PyObject *text = NULL
    if value.length <= MAX_SHARED_TEXT and value.ascii and not value.escaped:
        text = shared_text(value)
    if text == NULL:
        text = own_text(value)
        size[0] += jf_text_bytes(text)
    return text


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
        return text_of(value, &reading.size)
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


# ---- containers ----

# What is to go into a container is collected first, so that almost all are made in their final size.
cdef enum:
    AT_ONCE = 64
    MEASURED_DICTS = 33              # for 0 to AT_ONCE / 2 members

cdef struct Collected:
    Py_ssize_t count
    bint own_names                   # not all of its names are shared
    PyObject *object[AT_ONCE]        # names and values by turns; or elements

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


cdef inline void drop(Collected *collected) noexcept:
    while collected.count:
        collected.count -= 1
        Py_DECREF(<object>collected.object[collected.count])


cdef inline bint collect_next(Reading *reading, Collected *collected, bint is_member) except -1:
    # A member or an element; gives whether there was one.
    cdef jf_json_value value
    cdef Py_ssize_t size
    reading.at = reading.read(reading.at, &value)
    if value.kind == JF_JSON_END:
        return False
    if is_member:
        size = reading.size
        collected.object[collected.count] = text_of(&value, &reading.size)
        collected.own_names |= reading.size != size   # the empty one is shared anyway
        collected.count += 1
        reading.at = reading.read(reading.at, &value)
    collected.object[collected.count] = build(reading, &value)
    collected.count += 1
    return True


cdef inline int pour_members(Collected *collected, PyObject *members) except -1:
    cdef Py_ssize_t i
    for i in range(0, collected.count, 2):
        PyDict_SetItem(members, collected.object[i], collected.object[i + 1])
    drop(collected)
    return 0


cdef inline int pour_elements(Collected *collected, list elements) except -1:
    cdef Py_ssize_t i
    for i in range(collected.count):
        PyList_Append(elements, <object>collected.object[i])
    drop(collected)
    return 0


# Tokens of one issuer have the same names in the same order. Each such shape that wins its place has a template, a dict:
# a copy of it takes no hashing and no growing, and its table is a third smaller than one that is presized, which has
# room for names that are no str. As with texts, these are a bounded amount, which is charged to no token.
cdef enum:
    SHAPES = 256                     # a power of two

cdef struct Shape:
    void *template                   # a dict, or NULL; whoever sees it sees the rest of it, which changes no more
    Py_ssize_t count                 # of names and values
    Py_ssize_t place                 # of these in the table
    Py_ssize_t bytes                 # what a copy takes
    Ballot ballot

cdef Shape SHAPED[SHAPES]


cdef bint elect_shape(Shape *shape, const Collected *members, uint64_t hashed) except -1:
    # Votes for the shape of what was collected; gives whether there is a winner now.
    cdef Collected names
    cdef dict template
    with cython.critical_section(ELECTION):
        if not vote(&shape.ballot, hashed) or shape.template != NULL:
            return False
        template = {}
        names.count = 0
        while names.count < members.count:
            names.object[names.count] = members.object[names.count]
            names.object[names.count + 1] = <PyObject *>None
            PyDict_SetItem(<PyObject *>template, names.object[names.count], <PyObject *>None)
            names.count += 2
        template = template.copy()   # as those of it will be
        shape.bytes = bytes_of(template)
        shape.place = jf_members_place(<PyObject *>template, names.object, names.count, shape.bytes - bytes_of({}))
        if not shape.place:
            shape.ballot.lead = 0    # not for each object
            return False
        shape.count = names.count
        Py_INCREF(template)
        jf_publish(&shape.template, <PyObject *>template)
    return True


cdef PyObject *shaped(Collected *members, Py_ssize_t *size) except? NULL:
    # A dict of what was collected, taken out; adds what it takes to size[0]. NULL alone: no template is for it.
    cdef uint64_t hashed = 0
    cdef Py_ssize_t i
    cdef Shape *shape
    cdef PyObject *copy
    cdef PyObject **slots
    for i in range(0, members.count, 2):
        hashed = (hashed << 5 | hashed >> 59) ^ <uint64_t>members.object[i]
    hashed *= <uint64_t>0x9e3779b97f4a7c15
    shape = &SHAPED[hashed >> 56]
    if jf_published(&shape.template) == NULL and not elect_shape(shape, members, hashed):
        return NULL
    if shape.count != members.count:
        return NULL
    slots = jf_members_at(<PyObject *>shape.template, shape.place)
    for i in range(0, members.count, 2):
        if slots[i] != members.object[i]:
            return NULL
    copy = PyDict_Copy(<PyObject *>shape.template)
    slots = jf_members_at(copy, shape.place)
    size[0] += shape.bytes
    while members.count:
        members.count -= 2
        Py_DECREF(<object>members.object[members.count])
        Py_DECREF(None)
        slots[members.count + 1] = members.object[members.count + 1]
    return copy


cdef dict dict_of(Collected *members, Py_ssize_t *size):
    cdef PyObject *copy = NULL
    if members.count and not members.own_names:
        copy = shaped(members, size)
    if copy != NULL:
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
    collected.own_names = False
    try:
        while collect_next(reading, &collected, True):
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
        drop(&collected)
    return jf_seal(<PyObject *>members, <PyObject *>Claims)


cdef PyObject *build_array(Reading *reading) except NULL:
    # From its first element on, past its closing bracket.
    cdef Collected collected
    cdef list many = None
    cdef PyObject *elements = NULL
    collected.count = 0
    try:
        while collect_next(reading, &collected, False):
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
        drop(&collected)
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
    while reading.at[0] != c"{":     # white space
        reading.at += 1
    reading.at = reading.read(reading.at, &value)
    claims = <Claims>jf_owned(build_object(&reading))
    size[0] += reading.size
    return claims
