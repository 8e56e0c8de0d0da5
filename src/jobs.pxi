# What of a batch is done without the GIL: MACs side by side, and RSA signatures by several threads.

cdef extern from "Python.h":
    unsigned long PyThread_start_new_thread(void (*work)(void *) noexcept nogil, void *argument)
    unsigned long PYTHREAD_INVALID_THREAD_ID

cdef enum:
    AT_A_TIME = 64                   # MACs that are made ready together
    RSA_AT_A_TIME = 16               # signatures that are checked before anything else, and are worth a thread's start


cdef struct Job:                     # a token whose header is known, and whose signature is to be checked
    Sighting seen
    Py_ssize_t place                 # in the results
    PyObject *verifier               # whose token it is, which the batch keeps
    PyObject *selection              # which the batch keeps
    PyObject *signer                 # the key that was found to have signed it, which the selection keeps
    const jf_hmac_key *hmac_key      # NULL where it isn't one MAC by one key
    const jf_rsa_key *rsa_key        # NULL where it isn't one signature by one key that is checked natively
    jf_verdict verdict
    jf_shared checked                # whether the verdict is known


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
            jf_shared_write(&jobs[i].checked, True)


cdef void check_all_macs(Job *jobs, size_t count) noexcept nogil:
    while count > AT_A_TIME:
        check_macs(jobs, AT_A_TIME)
        jobs += AT_A_TIME
        count -= AT_A_TIME
    check_macs(jobs, count)


# ---- RSA ----

# The threads that help are none of Python's: one that takes the GIL, if only to begin and to end, is often put to sleep
# and woken, which takes longer than several signatures. They begin while the batch is still being looked through, and
# are not waited for once all is checked.

cdef struct Jobs:                    # of a batch; whoever lets go of them last frees them
    Job *job
    jf_shared count                  # of those that are ready
    jf_shared complete               # whether there will be no more
    jf_shared drawn                  # how many of them threads have drawn, in order; maybe more than there are
    jf_shared users


cdef Jobs *make_jobs(size_t most) except NULL:
    cdef Jobs *jobs = <Jobs *>PyMem_RawCalloc(1, sizeof(Jobs))
    if jobs == NULL:
        raise MemoryError
    jobs.job = <Job *>PyMem_RawMalloc(most * sizeof(Job))
    if jobs.job == NULL:
        PyMem_RawFree(jobs)
        raise MemoryError
    jf_shared_write(&jobs.users, 1)
    return jobs


cdef void let_go(Jobs *jobs) noexcept nogil:
    if jf_shared_add(&jobs.users, -1) == 1:
        PyMem_RawFree(jobs.job)
        PyMem_RawFree(jobs)


cdef Job *draw_rsa(Jobs *jobs) noexcept nogil:
    # The next one that is a matter of RSA, when it is ready; NULL: there is none.
    cdef int64_t drawn = jf_shared_add(&jobs.drawn, 1)
    cdef unsigned waited = 0
    while True:
        if drawn >= jf_shared_read(&jobs.count):
            # Once more, since the last ones may have become ready in between.
            if jf_shared_read(&jobs.complete) and drawn >= jf_shared_read(&jobs.count):
                return NULL
            jf_wait(&waited)
        elif jobs.job[drawn].rsa_key != NULL:
            return &jobs.job[drawn]
        else:
            drawn = jf_shared_add(&jobs.drawn, 1)


cdef bint check_rsa(Jobs *jobs) noexcept nogil:
    # One that no other thread has drawn; whether there was one.
    cdef uint8_t signature[JF_RSA_MAX_SIZE]
    cdef Job *job = draw_rsa(jobs)
    cdef size_t length
    if job == NULL:
        return False
    length = decode_signature(&job.seen, signature, JF_RSA_MAX_SIZE, &job.verdict)
    if job.verdict == JF_GOOD and not jf_rsa_verify(job.rsa_key, job.seen.raw, job.seen.segments.signature - 1,
                                                    signature, length):
        job.verdict = JF_SIGNATURE
    jf_shared_write(&job.checked, True)
    return True


cdef void help_with_rsa(void *jobs) noexcept nogil:
    while check_rsa(<Jobs *>jobs):
        pass
    let_go(<Jobs *>jobs)


cdef bint start_rsa_helper(Jobs *jobs) noexcept:
    jf_shared_add(&jobs.users, 1)
    if PyThread_start_new_thread(help_with_rsa, jobs) == PYTHREAD_INVALID_THREAD_ID:
        let_go(jobs)
        return False
    return True


cdef void dismiss_rsa_helpers(Jobs *jobs) noexcept nogil:
    # Leaves them nothing to do, and waits until all have gone: what they look at may then go too.
    cdef unsigned waited = 0
    jf_shared_write(&jobs.complete, True)
    jf_shared_add(&jobs.drawn, jf_shared_read(&jobs.count))
    while jf_shared_read(&jobs.users) > 1:
        jf_wait(&waited)
