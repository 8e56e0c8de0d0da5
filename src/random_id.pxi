# Random token ids (RFC 7519 section 4.1.7): 128 bits each, which no two tokens have in common.

cdef enum:
    ID_OCTETS = 16
    ID_CHARACTERS = 22
    IDS_AT_ONCE = 256                # asking the system for each on its own takes longer than signing a token


cdef object URANDOM = os.urandom


@cython.final
cdef class RandomIds:
    cdef bytes octets
    cdef Py_ssize_t used

    def __cinit__(self):
        self.octets = b""
        self.used = 0

    def forget(self):
        # A process that was forked must not give the ids that its parent gives.
        with cython.critical_section(self):
            self.used = len(self.octets)

    cdef int write(self, uint8_t *out) except -1:
        # Writes one as base64url.
        cdef bytes fresh
        with cython.critical_section(self):
            if self.used == len(self.octets):
                fresh = URANDOM(ID_OCTETS * IDS_AT_ONCE)
                self.octets = fresh
                self.used = 0
            jf_base64url_encode(&CHOSEN, <const uint8_t *>PyBytes_AS_STRING(self.octets) + self.used, ID_OCTETS, out)
            self.used += ID_OCTETS
        return 0


cdef RandomIds RANDOM_IDS = RandomIds()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=RANDOM_IDS.forget)
