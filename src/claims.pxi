# A token's claims as Python objects that nobody can change by accident: they are shared by all who verify the token.

from cpython.dict cimport PyDict_Next, PyDict_SetItem, PyDict_Update
from cpython.list cimport PyList_Append
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_FromKindAndData, PyUnicode_GET_LENGTH, PyUnicode_KIND

cdef extern from *:
    """
    /* What an object of one of JSON's scalar types takes, as the allocator rounds it. */
    static inline Py_ssize_t jf_scalar_bytes(PyObject *object)
    {
        Py_ssize_t bytes = 0;
        if (PyUnicode_CheckExact(object)) {
            Py_ssize_t length = PyUnicode_GET_LENGTH(object);
            if (PyUnicode_IS_COMPACT_ASCII(object))
                bytes = length ? (Py_ssize_t)sizeof(PyASCIIObject) + length + 1 : 0;
            else
                bytes = (Py_ssize_t)sizeof(PyCompactUnicodeObject) + (length + 1) * PyUnicode_KIND(object);
        } else if (PyLong_CheckExact(object)) {
            int overflow;
            long value = PyLong_AsLongAndOverflow(object, &overflow);
            bytes = !overflow && value >= -5 && value <= 256 ? 0 : 32; /* Python has one object for each of these */
        } else if (PyFloat_CheckExact(object)) {
            bytes = (Py_ssize_t)sizeof(PyFloatObject);
        }
        return (bytes + 15) & ~(Py_ssize_t)15;
    }
    """
    Py_ssize_t jf_scalar_bytes(PyObject *object)

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *object)

cdef enum:
    GC_HEAD = 16                     # the garbage collector's part of an object, in front of what __sizeof__ tells


cdef object immutable(object claims):
    return TypeError(
        f"{type(claims).__name__} are shared by everyone who verifies the token and can't be changed: "
        "copy.deepcopy() gives plain objects of your own"
    )


cdef object thaw(object value):
    if isinstance(value, dict):
        return {name: thaw(member) for name, member in (<dict>value).items()}
    if isinstance(value, list):
        return [thaw(element) for element in <list>value]
    return value


@cython.final
cdef class Claims(dict):
    def __init__(self, *args, **kwargs):
        raise immutable(self)

    def __setitem__(self, name, value):
        raise immutable(self)

    def __delitem__(self, name):
        raise immutable(self)

    def __ior__(self, other):
        raise immutable(self)

    def clear(self):
        raise immutable(self)

    def pop(self, *args):
        raise immutable(self)

    def popitem(self):
        raise immutable(self)

    def setdefault(self, *args):
        raise immutable(self)

    def update(self, *args, **kwargs):
        raise immutable(self)

    @classmethod
    def fromkeys(cls, *args):
        raise TypeError("Claims come from a verified token only")

    def copy(self):
        return dict(self)

    def __copy__(self):
        return dict(self)

    def __deepcopy__(self, memo):
        return thaw(self)

    def __reduce_ex__(self, protocol):
        return dict, (thaw(self),)


@cython.final
cdef class ClaimsList(list):
    def __init__(self, *args):
        raise immutable(self)

    def __setitem__(self, index, value):
        raise immutable(self)

    def __delitem__(self, index):
        raise immutable(self)

    def __iadd__(self, other):
        raise immutable(self)

    def __imul__(self, other):
        raise immutable(self)

    def append(self, *args):
        raise immutable(self)

    def clear(self):
        raise immutable(self)

    def extend(self, *args):
        raise immutable(self)

    def insert(self, *args):
        raise immutable(self)

    def pop(self, *args):
        raise immutable(self)

    def remove(self, *args):
        raise immutable(self)

    def reverse(self):
        raise immutable(self)

    def sort(self, *args, **kwargs):
        raise immutable(self)

    def copy(self):
        return thaw_once(self)

    def __copy__(self):
        return thaw_once(self)

    def __deepcopy__(self, memo):
        return thaw(self)

    def __reduce_ex__(self, protocol):
        return list, (thaw(self),)


cdef list thaw_once(list elements):
    return [element for element in elements]


cdef object freeze(object value, Py_ssize_t *size):
    # Takes what orjson made, and nobody else has seen, apart and gives it immutable; adds its bytes to size[0].
    if type(value) is dict:
        return freeze_dict(<dict>value, size)
    if type(value) is list:
        return freeze_list(<list>value, size)
    size[0] += jf_scalar_bytes(<PyObject *>value)
    return value


# Member names that tokens share, by their address. orjson gives one object for a short name as long as it has it in a
# cache of its own, so a name may serve many tokens, and be kept alive by any of them. Names that were met twice, and
# have found a place here, stay for good, which is a bounded amount, and are charged to nobody; of another name each
# token gets its own copy.
cdef enum:
    COMMON_NAMES = 1024
    MAX_COMMON_NAME = 64             # characters

cdef PyObject *COMMON[COMMON_NAMES]
cdef size_t MET[COMMON_NAMES]        # addresses of names that were met once; nothing may be there any more
cdef object COMMON_LOCK = object()


cdef bint is_common(PyObject *name) except -1:
    cdef size_t place = (<size_t>name >> 4) % COMMON_NAMES
    cdef bint common
    with cython.critical_section(COMMON_LOCK):
        if not COMMON[place] and MET[place] == <size_t>name and len(<str>name) <= MAX_COMMON_NAME:
            Py_INCREF(<object>name)
            COMMON[place] = name
        MET[place] = <size_t>name
        common = COMMON[place] == name
    return common


cdef Claims freeze_dict(dict plain, Py_ssize_t *size):
    cdef PyObject *name
    cdef PyObject *value
    cdef Py_ssize_t position = 0
    cdef bint shares = False         # a name with others that may go before it
    cdef Claims claims = Claims.__new__(Claims)
    # Replacing values under the names that are there does not disturb the walk.
    while PyDict_Next(plain, &position, &name, &value):
        if type(<object>value) is dict or type(<object>value) is list:
            PyDict_SetItem(plain, <object>name, freeze(<object>value, size))
        else:
            size[0] += jf_scalar_bytes(value)
        if Py_REFCNT(name) == 1 or not is_common(name):
            size[0] += jf_scalar_bytes(name)
            shares |= Py_REFCNT(name) > 1
    if shares:
        position = 0
        while PyDict_Next(plain, &position, &name, &value):
            if COMMON[(<size_t>name >> 4) % COMMON_NAMES] == name:
                PyDict_SetItem(claims, <object>name, <object>value)
            else:
                PyDict_SetItem(claims, own_copy(<str>name), <object>value)
    else:
        PyDict_Update(claims, plain)
    size[0] += dict.__sizeof__(claims) + GC_HEAD
    return claims


cdef str own_copy(str name):
    return PyUnicode_FromKindAndData(PyUnicode_KIND(name), PyUnicode_DATA(name), PyUnicode_GET_LENGTH(name))


cdef ClaimsList freeze_list(list plain, Py_ssize_t *size):
    cdef ClaimsList elements = ClaimsList.__new__(ClaimsList)
    for value in plain:
        PyList_Append(elements, freeze(value, size))
    size[0] += list.__sizeof__(elements) + GC_HEAD
    return elements
