/*
 * What the C library tells a private Sendmail otherwise than usual, preloaded (ld.so(8), LD_PRELOAD).
 *
 * Its log. Sendmail knows no other than syslog(3), and that leads to the machine's own /dev/log, if there is one.
 * Here each message is a line as rsyslog(8) writes it, appended to the file that SYSLOG_TO_FILE named when the
 * program began (programs forget their environment later):
 *
 *     2026-11-24T03:43:26.123456+00:00 sandbox sendmail[123]: text
 *
 * Control characters are written as #ooo. The file is opened for each line: Sendmail closes what it does not
 * know, and the file may be put aside meanwhile. What cannot be written is lost, as with syslog.
 *
 * Names. Before it has read its configuration, Sendmail looks up the name of the machine, and where that has no domain
 * it waits a minute for one. Here it has, every name is this machine, and the network is not asked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char path[4096];
static char program[64] = "unknown";

__attribute__((constructor)) static void begin(void) {
    const char *wanted = getenv("SYSLOG_TO_FILE");
    snprintf(path, sizeof path, "%s", wanted ? wanted : "/dev/null");
}

int gethostname(char *name, size_t size) {
    snprintf(name, size, "sandbox.example.net");
    return 0;
}

struct hostent *gethostbyname2(const char *name, int family) {
    static char known[256], address[] = {127, 0, 0, 1}, *addresses[] = {address, NULL}, *aliases[] = {NULL};
    static struct hostent host = {known, aliases, AF_INET, sizeof address, addresses};
    h_errno = HOST_NOT_FOUND;
    snprintf(known, sizeof known, "%s", name);
    return family == AF_INET ? &host : NULL;
}

struct hostent *gethostbyname(const char *name) {
    return gethostbyname2(name, AF_INET);
}

struct hostent *gethostbyaddr(const void *address, socklen_t size, int family) {
    (void)address;
    (void)size;
    return gethostbyname2("localhost", family);
}

void openlog(const char *name, int options, int facility) {
    (void)options;
    (void)facility;
    if (name)
        snprintf(program, sizeof program, "%s", name);
}

void closelog(void) {}

static size_t head(char *line, size_t size) {
    struct timeval now;
    struct tm utc;
    char seconds[32];
    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    return (size_t)snprintf(line, size, "%s.%06ld+00:00 sandbox %s[%d]: ", seconds, (long)now.tv_usec, program,
                            (int)getpid());
}

void vsyslog(int priority, const char *format, va_list values) {
    char text[4096], line[20000];
    (void)priority;
    vsnprintf(text, sizeof text, format, values);
    size_t length = head(line, sizeof line);
    for (const char *c = text; *c; c++) {
        int is_control = (unsigned char)*c < 32 || *c == 127;
        length += (size_t)snprintf(line + length, sizeof line - length, is_control ? "#%03o" : "%c", (unsigned char)*c);
    }
    line[length++] = '\n';
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0) {
        (void)!write(file, line, length);
        close(file);
    }
}

void syslog(int priority, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsyslog(priority, format, values);
    va_end(values);
}

/* What programs built with _FORTIFY_SOURCE call. */
void __vsyslog_chk(int priority, int flag, const char *format, va_list values) {
    (void)flag;
    vsyslog(priority, format, values);
}

void __syslog_chk(int priority, int flag, const char *format, ...) {
    va_list values;
    (void)flag;
    va_start(values, format);
    vsyslog(priority, format, values);
    va_end(values);
}
