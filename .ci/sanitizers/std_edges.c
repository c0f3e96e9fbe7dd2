/* Tells ThreadSanitizer what std's precompiled functions synchronise.
 *
 * The toolchain's std is not instrumented. What is inlined into our crates is, so an uncontended
 * lock is seen; what std keeps to itself is not: taking a contended lock, waiting on a condition,
 * the first call of a Once. Without these edges nearly every report is false (4,500 in the
 * scheduler's tests); with them a handful are left, which `thread` here lists.
 *
 * The linker sends our crates' calls of X to `__wrap_X` and gives us std's own as `__real_X`
 * (`--wrap`); `.ci/sanitize` finds the mangled names. Each wrapper adds the edges that the function
 * promises, for the very object that it is called with, and nothing else, so none of them hides a
 * race. Arguments are pointers and integers, which Rust passes as C does.
 */
#include <stdbool.h>
#include <stdint.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define REAL(name) JOIN(__real_, name)
#define WRAP(name) JOIN(__wrap_, name)

void __tsan_acquire(void *);
void __tsan_release(void *);

/* Mutex::lock_contended(&self). Unlocking is inlined, so it released the mutex already. */
void REAL(MUTEX_LOCK)(void *mutex);
void WRAP(MUTEX_LOCK)(void *mutex) {
    REAL(MUTEX_LOCK)(mutex);
    __tsan_acquire(mutex);
}

/* Condvar::wait(&self, &Mutex): unlocks and locks the mutex. */
void REAL(CONDVAR_WAIT)(void *condvar, void *mutex);
void WRAP(CONDVAR_WAIT)(void *condvar, void *mutex) {
    __tsan_release(mutex);
    REAL(CONDVAR_WAIT)(condvar, mutex);
    __tsan_acquire(mutex);
}

/* Condvar::wait_timeout(&self, &Mutex, Duration) -> bool: the same. */
bool REAL(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanos);
bool WRAP(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanos) {
    __tsan_release(mutex);
    bool in_time = REAL(CONDVAR_WAIT_TIMEOUT)(condvar, mutex, seconds, nanos);
    __tsan_acquire(mutex);
    return in_time;
}

/* Once::call(&self, bool, &mut dyn FnMut(&OnceState), &Location). Others see that it is complete
 * by an inlined load, so the release must come before std says so: at the end of the closure, for
 * which another one is passed that runs it. */
struct closure {
    void *data;
    void **vtable;
    void *once;
};

/* Slots of a closure's vtable: drop, size, align, call_once, call_mut. */
enum { CALL_MUT = 4, SLOTS };

static void call_mut(struct closure *closure, void *state) {
    ((void (*)(void *, void *))closure->vtable[CALL_MUT])(closure->data, state);
    __tsan_release(closure->once);
}

void REAL(ONCE_CALL)(void *once, bool ignore_poison, void *data, void *vtable, void *caller);
void WRAP(ONCE_CALL)(void *once, bool ignore_poison, void *data, void *vtable, void *caller) {
    static void *ours[SLOTS] = {
        0, (void *)sizeof(struct closure), (void *)_Alignof(struct closure), 0, (void *)call_mut,
    };
    struct closure closure = { data, vtable, once };
    REAL(ONCE_CALL)(once, ignore_poison, &closure, ours, caller);
    __tsan_acquire(once);
}
