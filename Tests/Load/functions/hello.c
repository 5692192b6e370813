/* A function with the same response to every event, made of plain sockets: about the least time that a start can take.
 * It reads as much HTTP as the Runtime API writes, and exits if anything is unexpected. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 16];

static int open_connection(const char *address) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN];
    int port, connection, on = 1;
    if (address == NULL || sscanf(address, "%15[0-9.]:%d", host, &port) != 2) exit(1);
    to.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) exit(1);
    if ((connection = socket(AF_INET, SOCK_STREAM, 0)) < 0) exit(1);
    if (connect(connection, (struct sockaddr *)&to, sizeof to) != 0) exit(1);
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) exit(1);
    return connection;
}

/* Sends a request, and leaves its whole response in the buffer. A response without a length is in chunks. */
static void call(int connection, const char *request) {
    size_t length = strlen(request), used = 0;
    if (write(connection, request, length) != (ssize_t)length) exit(1);
    for (;;) {
        ssize_t count = read(connection, buffer + used, sizeof buffer - 1 - used);
        char *body, *field;
        if (count <= 0) exit(1);
        used += count;
        buffer[used] = 0;
        if ((body = strstr(buffer, "\r\n\r\n")) == NULL) continue;
        body += 4;
        if ((field = strcasestr(buffer, "\ncontent-length:")) != NULL && field < body) {
            if ((size_t)(buffer + used - body) >= strtoul(field + 16, NULL, 10)) return;
        } else if (strcmp(buffer + used - 5, "0\r\n\r\n") == 0) {
            return;
        }
    }
}

int main(void) {
    static const char answer[] = "{\"statusCode\":200,\"headers\":{\"Content-Type\":\"application/json\"},"
                                 "\"body\":\"{\\\"ok\\\":true}\"}";
    const char *address = getenv("AWS_LAMBDA_RUNTIME_API");
    int connection = open_connection(address);
    for (;;) {
        char request[1024], id[128], *field;
        snprintf(request, sizeof request, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n",
                 address);
        call(connection, request);
        field = strcasestr(buffer, "\nlambda-runtime-aws-request-id:");
        if (field == NULL || sscanf(strchr(field, ':') + 1, " %127[^\r]", id) != 1) exit(1);
        snprintf(request, sizeof request,
                 "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: %s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 id, address, sizeof answer - 1, answer);
        call(connection, request);
    }
}
