/* What threads that share out work need without a lock: who does which job, and which jobs are done. */
#ifndef JF_SHARING_H
#define JF_SHARING_H

#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

/* Numbers from 0 on, each of which is drawn once. Who finds that all are drawn sees what those who drew them had written
 * before. */
typedef struct {
    volatile int64_t next;
} jf_tickets;

static inline int64_t jf_draw(jf_tickets *tickets)
{
#if defined(_MSC_VER)
    return _InterlockedExchangeAdd64(&tickets->next, 1);
#else
    return __atomic_fetch_add(&tickets->next, 1, __ATOMIC_ACQ_REL);
#endif
}

/* Who sees that it is raised sees all that was written before. */
typedef struct {
    volatile long raised;
} jf_flag;

static inline void jf_flag_raise(jf_flag *flag)
{
#if defined(_MSC_VER)
    _InterlockedExchange(&flag->raised, 1);
#else
    __atomic_store_n(&flag->raised, 1, __ATOMIC_RELEASE);
#endif
}

static inline int jf_flag_is_raised(const jf_flag *flag)
{
#if defined(_MSC_VER)
    return _InterlockedOr((volatile long *)&flag->raised, 0) != 0;
#else
    return __atomic_load_n(&flag->raised, __ATOMIC_ACQUIRE) != 0;
#endif
}

#endif
