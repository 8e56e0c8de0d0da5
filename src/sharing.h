/* Numbers that threads share without a lock, and how they wait for one another where it won't be long. */
#ifndef JF_SHARING_H
#define JF_SHARING_H

#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#include <windows.h>
#else
#include <time.h>
#endif

/* Who reads what another thread has written or added to sees all that it had done before. */
typedef struct {
    volatile int64_t value;
} jf_shared;

static inline int64_t jf_shared_read(const jf_shared *shared)
{
#if defined(_MSC_VER)
    return _InterlockedOr64((volatile int64_t *)&shared->value, 0);
#else
    return __atomic_load_n(&shared->value, __ATOMIC_ACQUIRE);
#endif
}

static inline void jf_shared_write(jf_shared *shared, int64_t value)
{
#if defined(_MSC_VER)
    _InterlockedExchange64(&shared->value, value);
#else
    __atomic_store_n(&shared->value, value, __ATOMIC_RELEASE);
#endif
}

/* Gives what it was before. */
static inline int64_t jf_shared_add(jf_shared *shared, int64_t number)
{
#if defined(_MSC_VER)
    return _InterlockedExchangeAdd64(&shared->value, number);
#else
    return __atomic_fetch_add(&shared->value, number, __ATOMIC_ACQ_REL);
#endif
}

/* To be called again and again; `*times` counts how often it was. To sleep and be woken takes as long as several
 * signatures: only who has waited for longer than that sleeps, for 50 µs, since it may be for something slow. */
static inline void jf_wait(unsigned *times)
{
    if (++*times < 1000) {
#if defined(_MSC_VER)
        YieldProcessor();
#elif defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
        return;
    }
#if defined(_MSC_VER)
    Sleep(1);
#else
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
#endif
}

#endif
