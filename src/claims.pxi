# A token's claims as Python objects that nobody can change by accident: they are shared by all who verify the token.


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
