# Many tokens at once, of one verifier or of several issuers': their MACs are computed side by side, without the GIL;
# other signatures by several threads.

from _thread import allocate_lock, start_new_thread

cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef enum:
    AT_A_TIME = 64                   # MACs that are made ready together

cdef object MAX_THREADS = max(32, os.cpu_count() or 1)


cdef struct Job:                     # a token whose header is known, and whose signature is to be checked
    Sighting seen
    Py_ssize_t place                 # in the results
    PyObject *verifier               # whose token it is, which the batch keeps
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
        length = decode_signature(&jobs[i].seen, macs[ready], JF_SHA2_MAX_DIGEST, &jobs[i].verdict)
        if jobs[i].verdict == JF_GOOD:
            checks[ready].key = jobs[i].hmac_key
            checks[ready].message = jobs[i].seen.raw
            checks[ready].length = jobs[i].seen.segments.signature - 1
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
    cdef VerifierCore verifier       # one of those whose tokens they are: all have one clock and one cache
    cdef MultiIssuerCore several     # which picks each token's; None where there is but the one
    cdef double now
    cdef list owners, results        # of the tokens' characters; and of what became of them
    cdef list selections
    cdef list awaited                # places of those whose keys a fetch may bring
    cdef dict fetched                # the sets of keys to wait for, each once: issuers may share one
    cdef Job *jobs
    cdef Py_ssize_t count, others    # of the jobs; and of those that are no MACs
    cdef Py_ssize_t taken            # how many of them some thread has looked at
    cdef object failure              # of one of the threads

    def __cinit__(self, VerifierCore verifier, MultiIssuerCore several, list owners):
        self.verifier = verifier
        self.several = several
        self.owners = owners
        self.results = [None] * len(owners)
        self.selections = []
        self.awaited = []
        self.fetched = {}
        self.jobs = <Job *>PyMem_RawMalloc((<size_t>len(owners) + 1) * sizeof(Job))
        if self.jobs == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.jobs)

    cdef int begin(self) except -1:
        # Answers what is remembered.
        cdef Py_ssize_t place
        cdef Sighting *seen
        cdef Token token
        self.now = self.verifier.read_clock()
        for place in range(len(self.owners)):
            seen = &self.jobs[self.count].seen
            sight(self.owners[place], seen)
            self.verifier.cache.look_for(seen)
            if self.several is None:
                token = self.verifier.recall(seen, &self.now)
            else:
                token = self.several.recall(seen, &self.now)
            if token is None:
                self.take_up(place)
            else:
                self.results[place] = token
        return 0

    cdef int take_up(self, Py_ssize_t place) except -1:
        # Makes a job of the token that was seen last, or answers it: where it needs no signature check, and where it is
        # the first one of a new header, which the others then share.
        cdef Sighting *seen = &self.jobs[self.count].seen
        cdef VerifierCore verifier = None
        cdef Token token = None
        cdef Refusal why
        why.verdict = JF_NOT_ASCII
        why.culprit = 0
        if seen.raw != NULL:
            verifier = self.pick(seen, &why)
        if verifier is None:
            verifier = self.verifier         # all have the same words for what is nobody's
        elif self.enlist(verifier, place):
            return 0
        else:
            token = verifier.admit(seen, self.now, &why)
            if token is None and why.verdict == JF_KEY_AWAITED:
                self.awaited.append(place)
                self.fetched[id(verifier.fetched)] = verifier.fetched
        self.results[place] = verifier.refusal(&why) if token is None else token
        return 0

    cdef inline VerifierCore pick(self, const Sighting *seen, Refusal *why):
        # Whose token it is; or None, and why it is nobody's.
        cdef Py_ssize_t member
        if self.several is None:
            return self.verifier
        member = self.several.pick(seen.raw, seen.length, why)
        return None if member < 0 else <VerifierCore>self.several.members[member]

    cdef bint enlist(self, VerifierCore verifier, Py_ssize_t place) except -1:
        # Whether the token that was seen last has become a job; if not, it is to be admitted on its own.
        cdef Job *job = &self.jobs[self.count]
        cdef Sighting *seen = &job.seen
        cdef Selection selection
        # Read before anything is judged: what changes meanwhile is seen on the next call.
        seen.key_generation = verifier.key_generation.read()
        seen.revocation_generation = verifier.revocation_generation.read()
        if seen.length > verifier.max_token_bytes or split(seen.raw, seen.length, &seen.segments) != JF_GOOD:
            return False
        selection = verifier.memo.find(seen.raw, seen.segments.header, seen.key_generation)
        if selection is None:
            return False
        seen.known_header = True
        job.place = place
        job.verifier = <PyObject *>verifier
        job.selection = <PyObject *>selection
        job.signer = <PyObject *>selection.candidates[0]
        job.hmac_key = NULL
        # What is too long for any MAC is refused by find_signer, in its words.
        if (len(selection.candidates) == 1 and type(selection.candidates[0]) is HmacKey
                and JF_BASE64URL_DECODED_SIZE(seen.segments.signature_length) <= JF_SHA2_MAX_DIGEST):
            job.hmac_key = &(<HmacKey>selection.candidates[0]).state
        else:
            self.others += 1
        if not self.selections or self.selections[len(self.selections) - 1] is not selection:
            self.selections.append(selection)
        self.count += 1
        return True

    cdef int check(self, Py_ssize_t threads) except -1:
        with nogil:
            check_all_macs(self.jobs, <size_t>self.count)
        if self.others:
            share_out(self, min(threads, self.others) - 1)
        return 0

    cdef Job *next_job(self) noexcept:
        # One whose signature is none of the native ones, and that no thread has taken yet; or NULL.
        cdef Job *job = NULL
        with cython.critical_section(self):
            while job == NULL and self.taken < self.count:
                if self.jobs[self.taken].hmac_key == NULL:
                    job = &self.jobs[self.taken]
                self.taken += 1
        return job

    cdef int check_signatures(self) except -1:
        cdef PreparedKey key
        cdef Job *job = self.next_job()
        while job != NULL:
            key = (<VerifierCore>job.verifier).find_signer(<Selection>job.selection, &job.seen, &job.verdict)
            job.signer = <PyObject *>key
            job = self.next_job()
        return 0

    cdef int stop(self, object failure) except -1:
        # The first failure counts.
        with cython.critical_section(self):
            self.taken = self.count
            if self.failure is None:
                self.failure = failure
        return 0

    cdef bint has_more(self) noexcept:
        with cython.critical_section(self):
            return self.taken < self.count

    def help_out(self, finished):
        # What a thread does that was started for it.
        try:
            self.check_signatures()
        except BaseException as failure:
            self.stop(failure)
        finally:
            finished.release()

    cdef int finish(self) except -1:
        cdef Py_ssize_t i
        cdef Job *job
        cdef VerifierCore verifier
        cdef Token token
        cdef Refusal why
        for i in range(self.count):
            job = &self.jobs[i]
            verifier = <VerifierCore>job.verifier
            why.verdict = job.verdict
            why.culprit = 0
            token = None
            if job.verdict == JF_GOOD:
                token = verifier.accept(&job.seen, <Selection>job.selection, <PreparedKey>job.signer, self.now, &why)
            self.results[job.place] = verifier.refusal(&why) if token is None else token
        return 0

    cdef int run(self, Py_ssize_t threads) except -1:
        self.begin()
        self.check(threads)
        return self.finish()

    cdef int try_again(self, Py_ssize_t threads) except -1:
        # Those whose keys were on their way, after one wait for all of them. While it lasted the others were verified.
        cdef Batch again = Batch.__new__(Batch, self.verifier, self.several,
                                         [self.owners[place] for place in self.awaited])
        for fetched in self.fetched.values():
            fetched.wait()
        again.run(threads)
        for place, result in zip(self.awaited, again.results):
            self.results[place] = result
        return 0


cdef int share_out(Batch batch, Py_ssize_t helpers) except -1:
    # The caller's thread does its part. An executor's futures, or threads that are waited for until they have started,
    # hand the GIL over so often that two threads took longer than one.
    waited_for = []
    try:
        while len(waited_for) < helpers and batch.has_more():
            finished = allocate_lock()
            finished.acquire()
            try:
                start_new_thread(batch.help_out, (finished,))
            except RuntimeError:     # no more threads to be had
                break
            waited_for.append(finished)
        batch.check_signatures()
    except BaseException as failure:
        batch.stop(failure)
    for finished in waited_for:
        wait_for(batch, finished)
    if batch.failure is not None:
        failure, batch.failure = batch.failure, None
        raise failure
    return 0


cdef int wait_for(Batch batch, object finished) except -1:
    # Whatever a signal's handler raises meanwhile: a thread that goes on alone would meet the interpreter's end. It has
    # one signature left at most.
    cdef bint waiting = True
    while waiting:
        try:
            finished.acquire()
            waiting = False
            PyErr_CheckSignals()     # what came just before is raised by this call too, not by whatever is next
        except BaseException as failure:
            batch.stop(failure)
    return 0


cdef list verify_batch(VerifierCore verifier, MultiIssuerCore several, object raws, object threads):
    cdef const uint8_t *raw = NULL
    cdef size_t length = 0
    cdef Batch batch
    if isinstance(raws, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"verify_many takes an iterable of tokens; this is one {type(raws).__name__}: use verify")
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise TypeError(f"threads is an int, not {type(threads).__name__}")
    if threads < 1:
        raise ValueError("threads is at least 1")
    batch = Batch.__new__(Batch, verifier, several, [borrow(one, &raw, &length) for one in raws])
    threads = min(threads, MAX_THREADS)
    batch.run(threads)
    if batch.awaited:
        batch.try_again(threads)
    return batch.results
