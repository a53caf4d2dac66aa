/* Breaks the file operations of one process below one folder, or records them, and moves its clock.
 *
 * Loaded with LD_PRELOAD, so that whatever writes is met: Python, NumPy, Matplotlib, SQLite. Nothing happens before
 * `fault_arm` is called. Operations are numbered from 1 in the order in which they happen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN = 1, CREATE = 2, READ = 4, WRITE = 8, SYNC = 16, RENAME = 32, UNLINK = 64, MKDIR = 128, CUT = 256 };
static const char *NAMES[] = {"open", "create", "read", "write", "sync", "rename", "unlink", "mkdir", "cut"};
enum action { PASS, KILL, FAIL, HALF_KILL, HALF_FAIL };

static char below[4096];
static size_t below_length;
static long at, last, number, clock_at, clock_shift;
static int action, code, kinds, journal = -1;
static __thread int busy;

/* From operation `first` to `final`, those of the given kinds are met with an action. */
void fault_arm(const char *folder, long first, long final, int what, int error, int of_kinds, const char *record) {
    snprintf(below, sizeof below, "%s/", folder);
    below_length = strlen(below);
    at = first, last = final, action = what, code = error, kinds = of_kinds, number = 0;
    if (*record) journal = syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* From operation `first` on, the clock on the wall shows so many more seconds. */
void fault_clock(long first, long seconds) { clock_at = first, clock_shift = seconds; }

long fault_count(void) { return number; }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void resolve(int folder, const char *name, char *out) {
    char link[64];
    ssize_t length = 0;
    out[0] = 0;
    if (name && name[0] == '/') { snprintf(out, 4096, "%s", name); return; }
    if (folder == AT_FDCWD) {
        if (!getcwd(out, 4096)) out[0] = 0;
        length = strlen(out);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = readlink(link, out, 4095);
        out[length < 0 ? 0 : length] = 0;
    }
    if (name && length > 0) snprintf(out + length, 4096 - length, "/%s", name);
}

static void note(enum kind kind, const char *path, const char *other, const void *data, size_t size) {
    char head[9000];
    int place = __builtin_ctz(kind);
    int length = snprintf(head, sizeof head, "%ld\t%s\t%s\t%s\t%zu\n", number, NAMES[place], path, other, size);
    syscall(SYS_write, journal, head, length);
    if (size) syscall(SYS_write, journal, data, size);
}

/* What happens to an operation; the number of an error is in errno. */
static enum action meet(enum kind kind, int folder, const char *name, int folder2, const char *name2, const void *data,
                        size_t size) {
    char path[4096], other[4096] = "";
    if (!below_length || busy) return PASS;
    int kept = errno;
    busy = 1;
    enum action found = PASS;
    resolve(folder, name, path);
    if (name2) resolve(folder2, name2, other);
    if (!strncmp(path, below, below_length) || !strncmp(path, below, below_length - 1) ||
        (name2 && !strncmp(other, below, below_length))) {
        long own = __sync_add_and_fetch(&number, 1);
        if (journal >= 0) note(kind, path, other, data, size);
        if (own >= at && own <= last && (kind & kinds)) found = action;
    }
    busy = 0;
    errno = kept;
    if (found == KILL || (found == HALF_KILL && kind != WRITE)) kill(getpid(), SIGKILL);
    if (found == FAIL || found == HALF_FAIL) errno = code;
    return found;
}

static int open_kind(int flags) { return flags & O_CREAT ? CREATE : OPEN; }

#define OPENING(NAME)                                                                          \
    int NAME(const char *path, int flags, ...) {                                               \
        va_list rest;                                                                          \
        va_start(rest, flags);                                                                 \
        mode_t mode = va_arg(rest, mode_t);                                                    \
        va_end(rest);                                                                          \
        if (meet(open_kind(flags), AT_FDCWD, path, 0, NULL, NULL, 0)) return -1;               \
        return REAL(NAME)(path, flags, mode);                                                  \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(NAME)                                                                     \
    int NAME(int folder, const char *path, int flags, ...) {                                 \
        va_list rest;                                                                        \
        va_start(rest, flags);                                                               \
        mode_t mode = va_arg(rest, mode_t);                                                  \
        va_end(rest);                                                                        \
        if (meet(open_kind(flags), folder, path, 0, NULL, NULL, 0)) return -1;               \
        return REAL(NAME)(folder, path, flags, mode);                                        \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

static int half(enum action found, int file, const void *data, size_t size) {
    if (found == HALF_KILL || found == HALF_FAIL) syscall(SYS_write, file, data, size / 2);
    if (found == HALF_KILL) kill(getpid(), SIGKILL);
    errno = code;
    return -1;
}

ssize_t write(int file, const void *data, size_t size) {
    enum action found = meet(WRITE, file, NULL, 0, NULL, data, size);
    return found ? half(found, file, data, size) : syscall(SYS_write, file, data, size);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    if (meet(WRITE, file, NULL, 0, NULL, data, size)) return errno = code, -1;
    return syscall(SYS_pwrite64, file, data, size, offset);
}
ssize_t read(int file, void *data, size_t size) {
    if (meet(READ, file, NULL, 0, NULL, NULL, 0)) return -1;
    return syscall(SYS_read, file, data, size);
}
int fsync(int file) { return meet(SYNC, file, NULL, 0, NULL, NULL, 0) ? -1 : REAL(fsync)(file); }
int fdatasync(int file) { return meet(SYNC, file, NULL, 0, NULL, NULL, 0) ? -1 : REAL(fdatasync)(file); }
int ftruncate64(int file, off64_t size) {
    return meet(CUT, file, NULL, 0, NULL, NULL, 0) ? -1 : REAL(ftruncate64)(file, size);
}
int rename(const char *from, const char *to) {
    return meet(RENAME, AT_FDCWD, from, AT_FDCWD, to, NULL, 0) ? -1 : REAL(rename)(from, to);
}
int renameat(int folder, const char *from, int folder2, const char *to) {
    return meet(RENAME, folder, from, folder2, to, NULL, 0) ? -1 : REAL(renameat)(folder, from, folder2, to);
}
int unlink(const char *path) { return meet(UNLINK, AT_FDCWD, path, 0, NULL, NULL, 0) ? -1 : REAL(unlink)(path); }
int rmdir(const char *path) { return meet(UNLINK, AT_FDCWD, path, 0, NULL, NULL, 0) ? -1 : REAL(rmdir)(path); }
int unlinkat(int folder, const char *path, int flags) {
    return meet(UNLINK, folder, path, 0, NULL, NULL, 0) ? -1 : REAL(unlinkat)(folder, path, flags);
}
int mkdir(const char *path, mode_t mode) {
    return meet(MKDIR, AT_FDCWD, path, 0, NULL, NULL, 0) ? -1 : REAL(mkdir)(path, mode);
}
int mkdirat(int folder, const char *path, mode_t mode) {
    return meet(MKDIR, folder, path, 0, NULL, NULL, 0) ? -1 : REAL(mkdirat)(folder, path, mode);
}

static long shift(void) { return clock_shift && number >= clock_at ? clock_shift : 0; }

int clock_gettime(clockid_t which, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, which, now);
    if (which == CLOCK_REALTIME) now->tv_sec += shift();
    return done;
}
time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now) *now = found.tv_sec;
    return found.tv_sec;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec, now->tv_usec = found.tv_nsec / 1000;
    return 0;
}
