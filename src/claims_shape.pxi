# Dicts for objects that come often.
#
# Tokens of one issuer have the same names in the same order. Each such shape that wins its place has a template: a dict
# whose copies take no hashing and no growing. Their tables are a third smaller than presized ones, which have room for
# names that are no str. As with texts, templates are a bounded amount, which is charged to no token.
#
# Values are written straight into a copy's table: by PyDict_SetItem they'd take as long as without a template. Where
# they stand in it is not documented: it is looked for in the template, and nothing is written to a copy that has not
# the same names there, and a None for each.

cdef extern from *:
    """
    #define JF_SHAPE_MEMBERS 32

    /* Where in the table of a dict, which takes so many bytes, its members stand, names and values by turns. They do
     * where all names are str, and none was ever taken out; 0: not in this Python. */
    static Py_ssize_t jf_members_place(PyObject *dict, Py_ssize_t bytes)
    {
        PyObject *members[2 * JF_SHAPE_MEMBERS];
        Py_ssize_t at = 0, count = 0;
        while (count < 2 * JF_SHAPE_MEMBERS && PyDict_Next(dict, &at, &members[count], &members[count + 1]))
            count += 2;
        size_t size = (size_t)count * sizeof(PyObject *);
        const char *table = (const char *)((PyDictObject *)dict)->ma_keys;
        for (Py_ssize_t place = 0; place + (Py_ssize_t)size <= bytes; place += (Py_ssize_t)sizeof(PyObject *))
            if (!memcmp(table + place, members, size))
                return place;
        return 0;
    }

    static inline PyObject **jf_members_at(PyObject *dict, Py_ssize_t place)
    {
        return (PyObject **)((char *)((PyDictObject *)dict)->ma_keys + place);
    }

    /* Whether a dict with so many names and values has these names there, and a None for each. */
    static inline int jf_is_blank(PyObject *dict, PyObject **slots, PyObject **members, Py_ssize_t count)
    {
        if (PyDict_GET_SIZE(dict) * 2 != count)
            return 0;
        for (Py_ssize_t i = 0; i < count; i += 2)
            if (slots[i] != members[i] || slots[i + 1] != Py_None)
                return 0;
        return 1;
    }
    """
    enum:
        JF_SHAPE_MEMBERS             # at most
    Py_ssize_t jf_members_place(PyObject *members, Py_ssize_t bytes) noexcept
    PyObject **jf_members_at(PyObject *members, Py_ssize_t place) noexcept
    bint jf_is_blank(PyObject *members, PyObject **slots, PyObject **expected, Py_ssize_t count) noexcept

cdef extern from "Python.h":
    PyObject *PyDict_Copy(PyObject *members) except NULL


cdef enum:
    SHAPES = 256                     # a power of two

cdef struct Shape:
    void *template                   # a dict, or NULL; whoever sees it sees the rest of it, which changes no more
    Py_ssize_t place                 # of these in the table of a copy
    Py_ssize_t bytes                 # what a copy takes
    Ballot ballot

cdef Shape SHAPED[SHAPES]


cdef bint elect_shape(Shape *shape, PyObject **members, Py_ssize_t count, uint64_t hashed) except -1:
    # Votes for the shape of these members; gives whether there is a winner now.
    cdef dict template
    cdef Py_ssize_t i
    with cython.critical_section(ELECTION):
        if not vote(&shape.ballot, hashed) or shape.template != NULL:
            return False
        template = {}
        for i in range(0, count, 2):
            PyDict_SetItem(<PyObject *>template, members[i], <PyObject *>None)
        template = template.copy()   # so that it is like its own copies
        shape.bytes = bytes_of(template)
        shape.place = jf_members_place(<PyObject *>template, shape.bytes - bytes_of({}))
        if not shape.place:
            shape.ballot.lead = 0    # not to try again with each object
            return False
        Py_INCREF(template)
        jf_publish(&shape.template, <PyObject *>template)
    return True


cdef PyObject *copy_of_shape(PyObject **members, Py_ssize_t count, Py_ssize_t *size) except? NULL:
    # A dict of these names and values, by turns; the names are shared ones, and the references to the values become the
    # dict's. Adds what it takes to size[0]. NULL alone: there is no template for it.
    cdef uint64_t hashed = 0
    cdef Py_ssize_t i
    cdef Shape *shape
    cdef PyObject *copy
    cdef PyObject **slots
    for i in range(0, count, 2):
        hashed = (hashed << 5 | hashed >> 59) ^ <uint64_t>members[i]
    hashed *= <uint64_t>0x9e3779b97f4a7c15
    shape = &SHAPED[hashed >> 56]
    if jf_published(&shape.template) == NULL and not elect_shape(shape, members, count, hashed):
        return NULL
    slots = jf_members_at(<PyObject *>shape.template, shape.place)
    if not jf_is_blank(<PyObject *>shape.template, slots, members, count):
        return NULL
    copy = PyDict_Copy(<PyObject *>shape.template)
    slots = jf_members_at(copy, shape.place)
    if not jf_is_blank(copy, slots, members, count):
        Py_DECREF(<object>copy)
        return NULL
    for i in range(1, count, 2):
        slots[i] = members[i]
        Py_DECREF(None)
    size[0] += shape.bytes
    return copy
