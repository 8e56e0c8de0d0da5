# Many tokens at once, of one verifier or of several issuers'.

from _thread import allocate_lock, start_new_thread

cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef Py_ssize_t CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
cdef object MAX_THREADS = max(32, CPUS)


cdef inline void put(list items, Py_ssize_t place, object item) noexcept:
    # items[place] = item, of a list that nobody else knows.
    cdef PyObject *before = PyList_GET_ITEM(<PyObject *>items, place)
    Py_INCREF(item)
    PyList_SET_ITEM(<PyObject *>items, place, <PyObject *>item)
    Py_DECREF(<object>before)


@cython.final
cdef class Batch:
    cdef VerifierCore verifier       # one of those whose tokens they are: all have one clock and one cache
    cdef MultiIssuerCore several     # which picks each token's; None where there is but the one
    cdef double now
    cdef list owners, results        # of the tokens' characters, once they were sighted; and what became of them
    cdef list selections
    cdef list awaited                # places of those whose keys a fetch may bring
    cdef dict fetched                # the sets of keys to wait for, each once: issuers may share one
    cdef Jobs *jobs
    cdef Py_ssize_t count            # of the jobs
    cdef Py_ssize_t signatures       # of those for RSA
    cdef Py_ssize_t others           # of those that are for neither MACs nor RSA
    cdef Py_ssize_t threads          # at most
    cdef Py_ssize_t rsa_helpers      # how many threads were started for RSA
    cdef Py_ssize_t taken            # how many of the jobs some thread has looked at for others
    cdef Py_ssize_t settled          # how many of them have their results
    cdef list at_work                # a lock for each thread that has begun to help, to be had when it has finished
    cdef object failure              # of one of the threads

    def __cinit__(self, VerifierCore verifier, MultiIssuerCore several, list owners, Py_ssize_t threads):
        self.verifier = verifier
        self.several = several
        self.owners = owners
        self.threads = threads
        self.results = [None] * len(owners)
        self.selections = []
        self.awaited = []
        self.at_work = []
        self.fetched = {}
        self.jobs = make_jobs(<size_t>len(owners) + 1)

    def __dealloc__(self):
        if self.jobs != NULL:
            let_go(self.jobs)

    cdef int sight_all(self) except -1:
        # Before the first one is looked up: what that will need of the cache's table is on its way by then.
        cdef Py_ssize_t place
        cdef Sighting *seen
        for place in range(len(self.owners)):
            seen = &self.jobs.job[place].seen
            raw = self.owners[place]
            owner = sight(raw, seen)
            if owner is not raw:
                put(self.owners, place, owner)
            self.verifier.cache.look_for(seen)
        return 0

    cdef int begin(self) except -1:
        # Answers what is remembered.
        cdef Py_ssize_t place
        cdef Sighting *seen
        cdef Token token
        self.now = self.verifier.read_clock()
        for place in range(len(self.owners)):
            seen = &self.jobs.job[self.count].seen
            if self.count < place:
                seen[0] = self.jobs.job[place].seen
            if self.several is None:
                token = self.verifier.recall(seen, &self.now)
            else:
                token = self.several.recall(seen, &self.now)
            if token is None:
                self.take_up(place)
            else:
                put(self.results, place, token)
        return 0

    cdef int take_up(self, Py_ssize_t place) except -1:
        # Makes a job of the token that was seen last, or answers it: where it needs no signature check, and where it is
        # the first one of a new header, which the others then share.
        cdef Sighting *seen = &self.jobs.job[self.count].seen
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
        put(self.results, place, verifier.refusal(&why) if token is None else token)
        return 0

    cdef inline VerifierCore pick(self, const Sighting *seen, Refusal *why):
        # Whose token it is; or None, and why it is nobody's.
        cdef Py_ssize_t member
        if self.several is None:
            return self.verifier
        member = self.several.pick(seen.raw, seen.length, why)
        return None if member < 0 else <VerifierCore>self.several.members[member]

    cdef int enlist(self, VerifierCore verifier, Selection selection, Py_ssize_t place) except -1:
        cdef Job *job = &self.jobs.job[self.count]
        job.place = place
        job.verifier = <PyObject *>verifier
        job.selection = <PyObject *>selection
        job.signer = <PyObject *>selection.candidates[0]
        self.prepare(job, selection)
        if not self.selections or self.selections[len(self.selections) - 1] is not selection:
            self.selections.append(selection)
        self.count += 1
        jf_shared_write(&self.jobs.count, self.count)
        if self.rsa_helpers + 1 < min(self.threads, CPUS, self.signatures // RSA_AT_A_TIME):
            if start_rsa_helper(self.jobs):
                self.rsa_helpers += 1
            else:                    # there are no more threads to be had
                self.threads = 1
        return 0

    cdef int prepare(self, Job *job, Selection selection) except -1:
        # What is too long to be decoded natively is refused by find_signer, in its words.
        cdef size_t length = JF_BASE64URL_DECODED_SIZE(job.seen.segments.signature_length)
        cdef object key = selection.candidates[0]
        cdef bint alone = len(selection.candidates) == 1
        jf_shared_write(&job.checked, False)
        job.hmac_key = NULL
        job.rsa_key = NULL
        if alone and type(key) is HmacKey and length <= JF_SHA2_MAX_DIGEST:
            job.hmac_key = &(<HmacKey>key).state
            return 0
        if alone and type(key) is RsaKey and length <= JF_RSA_MAX_SIZE:
            job.rsa_key = &(<RsaKey>key).state
            self.signatures += 1
            return 0
        self.others += 1
        return 0

    cdef Job *next_job(self) noexcept:
        # One that is for neither MACs nor RSA, and that no thread has taken yet; or NULL.
        cdef Job *job = NULL
        with cython.critical_section(self):
            while job == NULL and self.taken < self.count:
                job = &self.jobs.job[self.taken]
                if job.hmac_key != NULL or job.rsa_key != NULL:
                    job = NULL
                self.taken += 1
        return job

    cdef int check_rsa_signatures(self) except -1:
        # Together with the threads that help; what is checked is settled meanwhile.
        cdef bint more = self.signatures > 0
        cdef Py_ssize_t i
        while more:
            with nogil:
                for i in range(RSA_AT_A_TIME):
                    more = check_rsa(self.jobs)
                    if not more:
                        break
            self.settle_what_is_checked()
            PyErr_CheckSignals()
        return 0

    cdef int wait_for_rsa(self) except -1:
        # For those that others are still at, one for each thread at most.
        cdef unsigned waited = 0
        self.settle_what_is_checked()
        while self.settled < self.count:
            with nogil:
                while not jf_shared_read(&self.jobs.job[self.settled].checked):
                    jf_wait(&waited)
            self.settle_what_is_checked()
        return 0

    cdef int check_other_signatures(self, bint helping) except -1:
        cdef PreparedKey key
        cdef Job *job = self.next_job()
        while job != NULL:
            key = (<VerifierCore>job.verifier).find_signer(<Selection>job.selection, &job.seen, &job.verdict)
            job.signer = <PyObject *>key
            jf_shared_write(&job.checked, True)
            if not helping:
                PyErr_CheckSignals()     # cryptography doesn't look after them
            job = self.next_job()
        return 0

    cdef int stop(self, object failure) except -1:
        # The first failure counts. Nobody finds anything more to do.
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
            self.check_other_signatures(True)
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
        put(self.results, job.place, verifier.refusal(&why) if token is None else token)
        return 0

    cdef int settle_what_is_checked(self) except -1:
        # In order, up to the first that is not.
        while self.settled < self.count and jf_shared_read(&self.jobs.job[self.settled].checked):
            self.settle(&self.jobs.job[self.settled])
            self.settled += 1
        return 0

    cdef int run(self) except -1:
        try:
            self.sight_all()
            self.begin()
            jf_shared_write(&self.jobs.complete, True)
            with nogil:
                check_all_macs(self.jobs.job, <size_t>self.count)
            self.check_rsa_signatures()
            if self.others:
                share_out(self, min(self.threads, self.others) - 1)
            self.wait_for_rsa()
        except BaseException:
            with nogil:
                dismiss_rsa_helpers(self.jobs)
            raise
        return 0

    cdef int try_again(self) except -1:
        # Those whose keys were on their way, after one wait for all of them. While it lasted the others were verified.
        cdef Batch again = Batch.__new__(Batch, self.verifier, self.several,
                                         [self.owners[place] for place in self.awaited], self.threads)
        for fetched in self.fetched.values():
            fetched.wait()
        again.run()
        for place, result in zip(self.awaited, again.results):
            put(self.results, place, result)
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
        batch.check_other_signatures(False)
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
    cdef list owners
    cdef Batch batch
    if isinstance(raws, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"verify_many takes an iterable of tokens; this is one {type(raws).__name__}: use verify")
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise TypeError(f"threads is an int, not {type(threads).__name__}")
    if threads < 1:
        raise ValueError("threads is at least 1")
    if type(raws) is list or type(raws) is tuple:
        owners = list(raws)
    else:                            # one may be gone, or be another, when the next one is asked for
        owners = [borrow(one, &raw, &length) for one in raws]
    batch = Batch.__new__(Batch, verifier, several, owners, min(threads, MAX_THREADS))
    batch.run()
    if batch.awaited:
        batch.try_again()
    return batch.results
