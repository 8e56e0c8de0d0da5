/* Numbers that threads draw, each of them once, from 0 on: which of many jobs to do next. */
#ifndef JF_TICKET_H
#define JF_TICKET_H

#include <stdint.h>

typedef struct {
    volatile int64_t next;
} jf_tickets;

#if defined(_MSC_VER)
#include <intrin.h>

static inline int64_t jf_draw(jf_tickets *tickets)
{
    return _InterlockedExchangeAdd64(&tickets->next, 1);
}
#else
static inline int64_t jf_draw(jf_tickets *tickets)
{
    return __atomic_fetch_add(&tickets->next, 1, __ATOMIC_RELAXED);
}
#endif

#endif
