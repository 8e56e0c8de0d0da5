# Texts that tokens share.

from cpython.unicode cimport PyUnicode_DATA

cdef extern from *:
    """
    static inline PyObject *jf_ascii_text(const uint8_t *text, size_t length)
    {
        PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
        if (made && length)
            memcpy(PyUnicode_1BYTE_DATA(made), text, length);
        return made;
    }

    /* What is written before the one is read after the other. */
    static inline void jf_publish(void **place, void *pointer)
    {
    #if defined(__GNUC__)
        __atomic_store_n(place, pointer, __ATOMIC_RELEASE);
    #else
        *(void *volatile *)place = pointer;
    #endif
    }

    static inline void *jf_published(void **place)
    {
    #if defined(__GNUC__)
        return __atomic_load_n(place, __ATOMIC_ACQUIRE);
    #else
        return *(void *volatile *)place;
    #endif
    }

    /* Whether to look for what a text is shared by: not often where nothing was found for long. Threads may well miss
     * one another's counts. */
    static inline int jf_worth_a_look(unsigned *misses)
    {
    #if defined(__GNUC__)
        unsigned count = __atomic_load_n(misses, __ATOMIC_RELAXED);
        __atomic_store_n(misses, count + 1, __ATOMIC_RELAXED);
    #else
        unsigned count = (*(volatile unsigned *)misses)++;
    #endif
        return count < 64 || count % 64 == 0;
    }

    static inline void jf_found(unsigned *misses)
    {
    #if defined(__GNUC__)
        __atomic_store_n(misses, 0, __ATOMIC_RELAXED);
    #else
        *(volatile unsigned *)misses = 0;
    #endif
    }
    """
    PyObject *jf_ascii_text(const uint8_t *text, size_t length) except NULL
    void jf_publish(void **place, void *pointer) noexcept
    void *jf_published(void **place) noexcept
    bint jf_worth_a_look(unsigned *misses) noexcept
    void jf_found(unsigned *misses) noexcept

cdef extern from "Python.h":
    void PyUnicode_InternInPlace(PyObject **text)


# Member names, and values like the issuer's, are the same in token after token. Each place of this table takes a vote
# over the short texts that hash to it; one that has won by VOTES stays for good and is shared by all who have it, which
# is a bounded amount and is charged to no token. Of any other text each token gets its own copy.
cdef enum:
    SHARED_TEXTS = 2048              # a power of two
    MAX_SHARED_TEXT = 64             # characters
    VOTES = 8
    MAX_GUESSED_NAME = JF_JSON_PADDING - 3      # it is compared with text that may be at its end

cdef struct Ballot:
    uint64_t candidate               # a hash
    unsigned lead                    # over all others

cdef struct Place:
    void *winner                     # a str, or NULL; whoever sees it sees the rest of it, which changes no more
    uint64_t head, tail              # its first and its last eight octets
    size_t length
    Ballot ballot
    void *next                       # of a name: the Place of the one that came after it last time, or NULL
    unsigned misses                  # of a name: how many values of it were not shared, since one was

cdef Place SHARED[SHARED_TEXTS]
cdef Place FIRST                     # stands for what comes before the first name
cdef Place NO_NAME                   # stands for all names that are not shared
cdef object ELECTION = object()      # locked for votes


cdef inline bint vote(Ballot *ballot, uint64_t hashed) noexcept:
    # Gives whether it has enough votes now.
    if ballot.candidate == hashed:
        ballot.lead = min(ballot.lead + 1, <unsigned>VOTES)    # no more, should there be no memory for it yet
    elif ballot.lead:
        ballot.lead -= 1
    else:
        ballot.candidate = hashed
    return ballot.candidate == hashed and ballot.lead == VOTES


cdef bint elect(Place *place, const jf_json_value *value, uint64_t hashed, uint64_t head, uint64_t tail) noexcept:
    # Votes for a text; gives whether there is a winner now.
    cdef PyObject *text = NULL
    with cython.critical_section(ELECTION):
        if vote(&place.ballot, hashed) and place.winner == NULL:
            try:
                text = jf_ascii_text(value.text, value.length)
            except MemoryError:
                return False
            PyUnicode_InternInPlace(&text)           # as are the names that programs ask for
            place.head = head
            place.tail = tail
            place.length = value.length
            jf_publish(&place.winner, text)
    return text != NULL


cdef inline uint64_t tail_of(const uint8_t *text, size_t length) noexcept:
    cdef uint64_t tail = 0
    if length >= 8:
        memcpy(&tail, text + length - 8, 8)
    return tail


cdef inline bint is_winner(const Place *place, const uint8_t *text, size_t length, uint64_t head,
                           uint64_t tail) noexcept:
    return (place.head == head and place.tail == tail and place.length == length
            and (length <= 16 or not memcmp(PyUnicode_DATA(<object>place.winner), text, length)))


cdef inline Place *shared_text(const jf_json_value *value) noexcept:
    # NULL: it is not shared.
    cdef size_t length = value.length
    cdef uint64_t head, tail, hashed
    cdef Place *place
    if length > MAX_SHARED_TEXT or value.escaped or not value.ascii:
        return NULL
    head = jf_json_head_in_text(value.text, length)
    tail = tail_of(value.text, length)
    hashed = (head ^ tail * <uint64_t>0xd6e8feb86659fd93 ^ length) * <uint64_t>0x9e3779b97f4a7c15
    hashed ^= hashed >> 32
    place = &SHARED[hashed & (SHARED_TEXTS - 1)]
    if jf_published(&place.winner) == NULL and not elect(place, value, hashed, head, tail):
        return NULL
    return place if is_winner(place, value.text, length, head, tail) else NULL
