"""Octets that end where memory ends: whoever reads on is stopped by the CPU, also where no sanitizer looks."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from typing import Final, TypeVar

# CPython has a bytes object's octets, and a zero, behind its head.
_HEAD: Final = bytes.__basicsize__ - 1
_ALIGNMENT: Final = 16
_NOTHING_ALLOWED: Final = 0

Result = TypeVar("Result")


def at_the_end_of_memory(function: Callable[[bytes], Result], octets: bytes) -> Result:
    """Call a function with octets behind which at most 15 more can be read.

    Args:
        function: It keeps nothing of them.
        octets: Any; it gets a copy.

    Returns:
        What it returns.
    """
    size = _HEAD + len(octets) + 1
    pages = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
    with mmap.mmap(-1, pages + mmap.PAGESIZE) as memory:
        handle = ctypes.c_char.from_buffer(memory)
        start = ctypes.addressof(handle)
        del handle
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        assert protect(start + pages, mmap.PAGESIZE, _NOTHING_ALLOWED) == 0, ctypes.get_errno()
        place = start + (pages - size) // _ALIGNMENT * _ALIGNMENT
        # With the count of its references, so that the copy never goes by itself: its memory does.
        ctypes.memmove(place, id(octets), size)
        copy: bytes = ctypes.cast(place, ctypes.py_object).value
        try:
            return function(copy)
        finally:
            del copy
