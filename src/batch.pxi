# Many tokens at once: their MACs are computed two by two, without the GIL; other signatures by several threads.

cdef enum:
    RANGES_PER_THREAD = 8            # into which a batch is cut, so that no thread waits long for the last one
    AT_A_TIME = 64                   # MACs that are made ready together


cdef struct Job:                     # a token whose header is known, and whose signature is to be checked
    const uint8_t *raw
    size_t length
    Segments segments
    Py_ssize_t place                 # in the results
    PyObject *selection              # which the batch keeps
    PyObject *signer                 # the key that was found to have signed it, which the selection keeps
    const jf_hmac_key *hmac_key      # NULL where it isn't one MAC by one key
    jf_verdict verdict


cdef void check_macs(Job *jobs, size_t count) noexcept nogil:
    cdef uint8_t macs[AT_A_TIME][JF_SHA2_MAX_DIGEST]
    cdef jf_hmac_check checks[AT_A_TIME]
    cdef Job *checked[AT_A_TIME]
    cdef size_t i, ready = 0, length
    for i in range(count):
        if jobs[i].hmac_key == NULL:
            continue
        length = decode_signature(jobs[i].raw, &jobs[i].segments, macs[ready], JF_SHA2_MAX_DIGEST, &jobs[i].verdict)
        if jobs[i].verdict == JF_GOOD:
            checks[ready].key = jobs[i].hmac_key
            checks[ready].message = jobs[i].raw
            checks[ready].length = jobs[i].segments.signature - 1
            checks[ready].mac = macs[ready]
            checks[ready].mac_length = length
            checked[ready] = &jobs[i]
            ready += 1
    jf_hmac_verify_all(checks, ready)
    for i in range(ready):
        if not checks[i].good:
            checked[i].verdict = JF_SIGNATURE


cdef void check_all_macs(Job *jobs, size_t count) noexcept nogil:
    while count > AT_A_TIME:
        check_macs(jobs, AT_A_TIME)
        jobs += AT_A_TIME
        count -= AT_A_TIME
    check_macs(jobs, count)


@cython.final
cdef class Batch:
    cdef VerifierCore verifier
    cdef double now
    cdef uint64_t key_generation, revocation_generation
    cdef list owners, results        # of the tokens' characters; and of what became of them
    cdef list selections
    cdef list awaited                # places of those whose keys a fetch may bring
    cdef Job *jobs
    cdef Py_ssize_t count

    def __cinit__(self, VerifierCore verifier, list owners):
        self.verifier = verifier
        self.owners = owners
        self.results = [None] * len(owners)
        self.selections = []
        self.awaited = []
        self.jobs = <Job *>PyMem_RawMalloc((<size_t>len(owners) + 1) * sizeof(Job))
        if self.jobs == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.jobs)

    cdef int begin(self) except -1:
        # Answers what needs no signature check, and the first token of each new header, which the others then share.
        cdef const uint8_t *raw = NULL
        cdef size_t length = 0
        cdef Py_ssize_t place
        cdef Token token
        cdef Refusal why
        self.now = self.verifier.read_clock()
        # Read before anything is judged: what changes meanwhile is seen on the next call.
        self.key_generation = self.verifier.key_generation.read()
        self.revocation_generation = self.verifier.revocation_generation.read()
        for place in range(len(self.owners)):
            raw = NULL
            length = 0
            borrow(self.owners[place], &raw, &length)
            why.verdict = JF_NOT_ASCII
            why.culprit = 0
            token = self.verifier.recall(raw, length, self.now)
            if token is None and raw != NULL:
                if self.enlist(raw, length, place):
                    continue
                token = self.verifier.admit(raw, length, self.now, &why)
                if token is None and why.verdict == JF_KEY_AWAITED:
                    self.awaited.append(place)
            self.results[place] = self.verifier.refusal(&why) if token is None else token
        return 0

    cdef bint enlist(self, const uint8_t *raw, size_t length, Py_ssize_t place) except -1:
        # Whether it has become a job; if not, it is to be admitted on its own.
        cdef Job *job = &self.jobs[self.count]
        cdef Selection selection
        if length > self.verifier.max_token_bytes or split(raw, length, &job.segments) != JF_GOOD:
            return False
        selection = self.verifier.memo.find(raw, job.segments.header, self.key_generation)
        if selection is None:
            return False
        job.raw = raw
        job.length = length
        job.place = place
        job.selection = <PyObject *>selection
        job.signer = <PyObject *>selection.candidates[0]
        job.hmac_key = NULL
        # What is too long for any MAC is refused by find_signer, in its words.
        if (len(selection.candidates) == 1 and type(selection.candidates[0]) is HmacKey
                and JF_BASE64URL_DECODED_SIZE(job.segments.signature_length) <= JF_SHA2_MAX_DIGEST):
            job.hmac_key = &(<HmacKey>selection.candidates[0]).state
        if not self.selections or self.selections[len(self.selections) - 1] is not selection:
            self.selections.append(selection)
        self.count += 1
        return True

    def check(self, Py_ssize_t part, Py_ssize_t parts):
        # One part of the signatures; no two threads have one.
        cdef Py_ssize_t start = self.count * part // parts, stop = self.count * (part + 1) // parts, i
        cdef Job *job
        with nogil:
            check_all_macs(self.jobs + start, <size_t>(stop - start))
        for i in range(start, stop):
            job = &self.jobs[i]
            if job.hmac_key == NULL:
                key = self.verifier.find_signer(<Selection>job.selection, job.raw, &job.segments, &job.verdict)
                job.signer = <PyObject *>key

    cdef int finish(self) except -1:
        cdef Py_ssize_t i
        cdef Job *job
        cdef Sighting seen
        cdef Token token
        cdef Refusal why
        seen.known_header = True
        seen.key_generation = self.key_generation
        seen.revocation_generation = self.revocation_generation
        for i in range(self.count):
            job = &self.jobs[i]
            why.verdict = job.verdict
            why.culprit = 0
            token = None
            if job.verdict == JF_GOOD:
                seen.raw = job.raw
                seen.length = job.length
                seen.segments = job.segments
                token = self.verifier.accept(&seen, <Selection>job.selection, <PreparedKey>job.signer, self.now, &why)
            self.results[job.place] = self.verifier.refusal(&why) if token is None else token
        return 0

    cdef int run(self, object threads) except -1:
        self.begin()
        if threads == 1 or self.count < 2:
            self.check(0, 1)
        else:
            check_with(self, threads)
        return self.finish()

    cdef int try_again(self, object threads) except -1:
        # Those whose keys were on their way, after one wait for all of them. While it lasted the others were verified.
        cdef Batch again = Batch.__new__(Batch, self.verifier, [self.owners[place] for place in self.awaited])
        again.run(threads)
        for place, result in zip(self.awaited, again.results):
            self.results[place] = result
        return 0


cdef list verify_batch(VerifierCore verifier, object raws, object threads):
    cdef const uint8_t *raw = NULL
    cdef size_t length = 0
    cdef Batch batch
    if isinstance(raws, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"verify_many takes an iterable of tokens; this is one {type(raws).__name__}: use verify")
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise TypeError(f"threads is an int, not {type(threads).__name__}")
    if threads < 1:
        raise ValueError("threads is at least 1")
    verifier.configured()
    batch = Batch.__new__(Batch, verifier, [borrow(one, &raw, &length) for one in raws])
    batch.run(threads)
    if batch.awaited:
        verifier.fetched.wait()
        batch.try_again(threads)
    return batch.results


cdef int check_with(Batch batch, object threads) except -1:
    from concurrent.futures import ThreadPoolExecutor

    parts = min(threads * RANGES_PER_THREAD, batch.count)
    with ThreadPoolExecutor(min(threads, parts)) as pool:
        for _ in pool.map(batch.check, range(parts), [parts] * parts):
            pass
    return 0
