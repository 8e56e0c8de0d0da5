# Many tokens at once, of one verifier or of several issuers': their MACs are computed side by side, without the GIL;
# other signatures by several threads, those that have code of their own without the GIL too.

from _thread import allocate_lock, start_new_thread

cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef enum:
    AT_A_TIME = 64                   # MACs that are made ready together
    RSA_AT_A_TIME = 16               # signatures that are checked before anything else is looked after

cdef object MAX_THREADS = max(32, os.cpu_count() or 1)


cdef struct Job:                     # a token whose header is known, and whose signature is to be checked
    Sighting seen
    Py_ssize_t place                 # in the results
    PyObject *verifier               # whose token it is, which the batch keeps
    PyObject *selection              # which the batch keeps
    PyObject *signer                 # the key that was found to have signed it, which the selection keeps
    const jf_hmac_key *hmac_key      # NULL where it isn't one MAC by one key
    const jf_rsa_key *rsa_key        # NULL where it isn't one signature by one key that is checked natively
    jf_verdict verdict
    jf_flag checked                  # raised when the verdict is known


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
    for i in range(count):
        if jobs[i].hmac_key != NULL:
            jf_flag_raise(&jobs[i].checked)


cdef void check_all_macs(Job *jobs, size_t count) noexcept nogil:
    while count > AT_A_TIME:
        check_macs(jobs, AT_A_TIME)
        jobs += AT_A_TIME
        count -= AT_A_TIME
    check_macs(jobs, count)


cdef bint check_rsa(Job *jobs, Py_ssize_t count, jf_tickets *tickets) noexcept nogil:
    # Some of them, whichever no other thread has drawn; whether there may be more.
    cdef uint8_t signature[JF_RSA_MAX_SIZE]
    cdef size_t length
    cdef Job *job
    cdef int64_t drawn
    cdef int i
    for i in range(RSA_AT_A_TIME):
        drawn = jf_draw(tickets)
        if drawn >= count:
            return False
        job = &jobs[drawn]
        if job.rsa_key == NULL:
            continue
        length = decode_signature(&job.seen, signature, JF_RSA_MAX_SIZE, &job.verdict)
        if job.verdict == JF_GOOD and not jf_rsa_verify(job.rsa_key, job.seen.raw, job.seen.segments.signature - 1,
                                                        signature, length):
            job.verdict = JF_SIGNATURE
        jf_flag_raise(&job.checked)
    return True


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
    cdef Py_ssize_t count            # of the jobs
    cdef Py_ssize_t natives, others  # of the native signatures among them, and of those that are neither they nor MACs
    cdef jf_tickets tickets          # for the native signatures
    cdef Py_ssize_t taken            # how many of them some thread has looked at for others
    cdef Py_ssize_t settled          # how many of them have their results
    cdef list at_work                # a lock for each thread that has begun to help, to be had when it has finished
    cdef object failure              # of one of the threads

    def __cinit__(self, VerifierCore verifier, MultiIssuerCore several, list owners):
        self.verifier = verifier
        self.several = several
        self.owners = owners
        self.results = [None] * len(owners)
        self.selections = []
        self.awaited = []
        self.at_work = []
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
        cdef Selection selection = None
        cdef Token token = None
        cdef Refusal why
        why.verdict = JF_NOT_ASCII
        why.culprit = 0
        if seen.raw != NULL:
            verifier = self.pick(seen, &why)
        if verifier is None:
            verifier = self.verifier         # all have the same words for what is nobody's
        else:
            selection = verifier.recognise(seen, &why)
        if selection is not None:
            if seen.known_header:
                return self.enlist(verifier, selection, place)
            token = verifier.admit_selected(seen, selection, self.now, &why)
        elif why.verdict == JF_KEY_AWAITED:
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

    cdef int enlist(self, VerifierCore verifier, Selection selection, Py_ssize_t place) except -1:
        cdef Job *job = &self.jobs[self.count]
        job.place = place
        job.verifier = <PyObject *>verifier
        job.selection = <PyObject *>selection
        job.signer = <PyObject *>selection.candidates[0]
        self.prepare(job, selection)
        if not self.selections or self.selections[len(self.selections) - 1] is not selection:
            self.selections.append(selection)
        self.count += 1
        return 0

    cdef int prepare(self, Job *job, Selection selection) except -1:
        # What is too long to be decoded natively is refused by find_signer, in its words.
        cdef size_t length = JF_BASE64URL_DECODED_SIZE(job.seen.segments.signature_length)
        cdef object key = selection.candidates[0]
        cdef bint alone = len(selection.candidates) == 1
        job.checked.raised = False
        job.hmac_key = NULL
        job.rsa_key = NULL
        if alone and type(key) is HmacKey and length <= JF_SHA2_MAX_DIGEST:
            job.hmac_key = &(<HmacKey>key).state
            return 0
        if alone and type(key) is RsaKey and length <= JF_RSA_MAX_SIZE:
            job.rsa_key = &(<RsaKey>key).state
            self.natives += 1
            return 0
        self.others += 1
        return 0

    cdef int check(self, Py_ssize_t threads) except -1:
        # To start a thread takes longer than a native signature; to any other one it is little.
        cdef Py_ssize_t shares = self.others + (self.natives + RSA_AT_A_TIME - 1) // RSA_AT_A_TIME
        with nogil:
            check_all_macs(self.jobs, <size_t>self.count)
        if shares:
            share_out(self, min(threads, shares) - 1)
        return 0

    cdef Job *next_job(self) noexcept:
        # One whose signature is none of the native ones, and that no thread has taken yet; or NULL.
        cdef Job *job = NULL
        with cython.critical_section(self):
            while job == NULL and self.taken < self.count:
                if self.jobs[self.taken].hmac_key == NULL and self.jobs[self.taken].rsa_key == NULL:
                    job = &self.jobs[self.taken]
                self.taken += 1
        return job

    cdef int check_signatures(self, bint helping) except -1:
        # A thread that helps leaves the GIL alone until no native signature is left: it would often find it taken, and
        # to be woken takes longer than several signatures.
        cdef PreparedKey key
        cdef Job *job
        cdef bint more = True
        while more:
            with nogil:
                more = check_rsa(self.jobs, self.count, &self.tickets)
                while helping and more:
                    more = check_rsa(self.jobs, self.count, &self.tickets)
            if not helping:
                self.settle_what_is_checked()
                PyErr_CheckSignals()
        job = self.next_job()
        while job != NULL:
            key = (<VerifierCore>job.verifier).find_signer(<Selection>job.selection, &job.seen, &job.verdict)
            job.signer = <PyObject *>key
            jf_flag_raise(&job.checked)
            if not helping:
                PyErr_CheckSignals()     # cryptography doesn't look after them
            job = self.next_job()
        return 0

    cdef int stop(self, object failure) except -1:
        # The first failure counts. Nobody finds anything more to do.
        while jf_draw(&self.tickets) < self.count:
            pass
        with cython.critical_section(self):
            self.taken = self.count
            if self.failure is None:
                self.failure = failure
        return 0

    cdef bint has_more(self) noexcept:
        with cython.critical_section(self):
            return self.taken < self.count

    def help_out(self):
        # What a thread does that was started for it.
        finished = allocate_lock()
        finished.acquire()
        with cython.critical_section(self):
            self.at_work.append(finished)
        try:
            self.check_signatures(True)
        except BaseException as failure:
            self.stop(failure)
        finally:
            finished.release()

    cdef int settle(self, const Job *job) except -1:
        cdef VerifierCore verifier = <VerifierCore>job.verifier
        cdef Token token = None
        cdef Refusal why
        why.verdict = job.verdict
        why.culprit = 0
        if job.verdict == JF_GOOD:
            token = verifier.accept(&job.seen, <Selection>job.selection, <PreparedKey>job.signer, self.now, &why)
        self.results[job.place] = verifier.refusal(&why) if token is None else token
        return 0

    cdef int settle_what_is_checked(self) except -1:
        # In order, up to the first that is not.
        while self.settled < self.count and jf_flag_is_raised(&self.jobs[self.settled].checked):
            self.settle(&self.jobs[self.settled])
            self.settled += 1
        return 0

    cdef int run(self, Py_ssize_t threads) except -1:
        self.begin()
        self.check(threads)
        return self.settle_what_is_checked()

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
    try:
        while helpers > 0 and batch.has_more():
            try:
                start_new_thread(batch.help_out, ())
            except RuntimeError:     # no more threads to be had
                break
            helpers -= 1
        batch.check_signatures(False)
        batch.settle_what_is_checked()
    except BaseException as failure:
        batch.stop(failure)
    if batch.settled < batch.count or batch.failure is not None:
        wait_for_helpers(batch)
    return 0


cdef int wait_for_helpers(Batch batch) except -1:
    # Whoever begins only now finds nothing to do: that thread may take its time, and often does on a busy machine.
    with cython.critical_section(batch):
        at_work = list(batch.at_work)
    for finished in at_work:
        wait_for(batch, finished)
    if batch.failure is not None:
        failure, batch.failure = batch.failure, None
        raise failure
    return batch.settle_what_is_checked()


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
