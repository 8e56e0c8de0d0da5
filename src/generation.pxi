@cython.final
cdef class Generation:
    # Owned by whoever owns keys or revocations, and read on every call by the verifiers that rest on them.
    cdef jf_generation generation

    def advance(self):
        jf_generation_advance(&self.generation)

    @property
    def count(self):
        return self.read()

    cdef inline uint64_t read(self) noexcept:
        return jf_generation_read(&self.generation)
