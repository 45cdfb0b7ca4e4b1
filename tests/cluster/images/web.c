/* A tiny web server for tests of the cluster itself. PORT (8080) says where it listens.
 *   /            the host name         /healthz     ok; 503 from /sick until /well
 *   /burn?ms=N   N ms of processor     /exit?code=N ends the process                        */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int socket;
    size_t held;
    char buffer[4096];
};

static volatile int sick;
static char host[256];

static void stop(int number) {
    (void)number;
    _exit(0);
}

static double processor_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void burn(double ms) {
    double end = processor_ms() + ms;
    volatile unsigned x = 0;
    while (processor_ms() < end) {
        for (unsigned i = 0; i < 20000; i++) {
            x += i * x;
        }
    }
}

/* The end of the next request's head, NULL when the peer is gone or sends nonsense. */
static char *next_request(struct connection *c) {
    for (;;) {
        c->buffer[c->held] = 0;
        char *end = strstr(c->buffer, "\r\n\r\n");
        if (end != NULL) {
            return end + 4;
        }
        if (c->held >= sizeof c->buffer - 1) {
            return NULL;
        }
        ssize_t got = read(c->socket, c->buffer + c->held, sizeof c->buffer - 1 - c->held);
        if (got <= 0) {
            return NULL;
        }
        c->held += (size_t)got;
    }
}

static int answer(int fd, const char *path, int keep) {
    int status = 200;
    const char *body = host;
    if (strncmp(path, "/healthz", 8) == 0) {
        body = sick ? "sick" : "ok";
        status = sick ? 503 : 200;
    } else if (strncmp(path, "/sick", 5) == 0) {
        sick = 1;
    } else if (strncmp(path, "/well", 5) == 0) {
        sick = 0;
    } else if (strncmp(path, "/burn?ms=", 9) == 0) {
        burn(atof(path + 9));
    } else if (strncmp(path, "/exit?code=", 11) == 0) {
        _exit(atoi(path + 11));
    }
    return dprintf(fd,
                   "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                   "Connection: %s\r\n\r\n%s\n",
                   status, status == 200 ? "OK" : "Service Unavailable", strlen(body) + 1,
                   keep ? "keep-alive" : "close", body) > 0;
}

static void *serve(void *argument) {
    struct connection c = {.socket = (int)(long)argument, .held = 0};
    char path[1024];
    int on = 1;
    setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (char *end; (end = next_request(&c)) != NULL;) {
        int keep = strcasestr(c.buffer, "connection: close") == NULL && strstr(c.buffer, "HTTP/1.0") == NULL;
        if (sscanf(c.buffer, "%*s %1023s", path) != 1 || !answer(c.socket, path, keep) || !keep) {
            break;
        }
        c.held -= (size_t)(end - c.buffer);
        memmove(c.buffer, end, c.held);
    }
    close(c.socket);
    return NULL;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    gethostname(host, sizeof host - 1);
    const char *port = getenv("PORT");
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)(port != NULL ? atoi(port) : 8080))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (void *)&where, sizeof where) != 0 || listen(listener, 512) != 0) {
        perror("web: listen");
        return 1;
    }
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 65536);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && pthread_create(&thread, &detached, serve, (void *)(long)fd) != 0) {
            close(fd);
        }
    }
}
