/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/call.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The peer's public key is the pinned one, or the handshake ends. */
static int pin_check(X509_STORE_CTX *store, void *context)
{
	const struct call_client *c = context;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	unsigned char *spki = NULL, hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;
	int len = leaf ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki) : -1;
	bool same = len > 0 &&
	            EVP_Digest(spki, (size_t)len, hash, &hash_len, EVP_sha256(), NULL) == 1 &&
	            hash_len == sizeof(c->pin) && memcmp(hash, c->pin, sizeof(c->pin)) == 0;

	OPENSSL_free(spki);
	return same;
}

int call_client_init(struct call_client *c)
{
	*c = (struct call_client){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	c->tls = SSL_CTX_new(TLS_client_method());
	if (c->epoll < 0 || !c->tls)
		return -ENOMEM;
	(void)SSL_CTX_set_options(c->tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(c->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                                       SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->tls, pin_check, c);
	return 0;
}

void call_client_clear(struct call_client *c)
{
	SSL_CTX_free(c->tls);
	(void)close(c->epoll);
}

static void disconnect(struct call *c)
{
	if (c->fd < 0)
		return;
	if (c->ssl) {
		c->client->connected--;
		if (c->shaken && !c->cut)
			(void)SSL_shutdown(c->ssl);
		ERR_clear_error();
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	(void)close(c->fd);
	c->fd = -1;
	c->shaken = false;
}

static void forget(struct call *c)
{
	free(c->parser);
	c->parser = NULL;
	buffer_free(&c->out);
	buffer_init(&c->out, (size_t)80 * 1024 * 1024);
}

void call_close(struct call *c)
{
	disconnect(c);
	forget(c);
	buffer_free(&c->body);
}

static int connect_start(struct call *c)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = c->from};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	c->reused = false;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* A port is chosen when the whole four-tuple is known. */
	(void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
	        epoll_ctl(c->client->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		return -errno;
	if (connect(c->fd, (const struct sockaddr *)&c->to, sizeof(c->to)) < 0 &&
	        errno != EINPROGRESS)
		return -errno;
	if (!c->secure)
		return 0;
	c->ssl = SSL_new(c->client->tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		return -ENOMEM;
	c->client->connected++;
	SSL_set_connect_state(c->ssl);
	return 0;
}

/* -EAGAIN: later; what an OpenSSL call that gave n means. */
static int tls_result(struct call *c, int n)
{
	int saved = errno;

	switch (SSL_get_error(c->ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		c->shaken = false; /* nothing more may be sent, goodbye included */
		return saved ? -saved : -ECONNRESET;
	}
}

/* Bytes, 0 at the end, -EAGAIN, -errno. */
static ssize_t transfer(struct call *c, bool out, void *data, size_t len)
{
	size_t n = 0;

	errno = 0;
	if (!c->ssl) {
		ssize_t r = out ? send(c->fd, data, len, MSG_NOSIGNAL) : recv(c->fd, data, len, 0);
		return r < 0 ? -errno : r;
	}
	ERR_clear_error();
	int r = out ? SSL_write_ex(c->ssl, data, len, &n) : SSL_read_ex(c->ssl, data, len, &n);
	return r == 1 ? (ssize_t)n : tls_result(c, r);
}

static int handshake(struct call *c)
{
	if (!c->ssl || c->shaken)
		return 0;
	ERR_clear_error();
	errno = 0;
	int n = SSL_do_handshake(c->ssl);
	if (n == 1) {
		c->shaken = true;
		return 0;
	}
	int r = tls_result(c, n);
	return r == 0 ? -ECONNRESET : r;
}

static int send_out(struct call *c)
{
	size_t end = c->cut == CUT_REQUEST ? c->out.len / 2 : c->out.len;

	while (c->sent < end) {
		ssize_t n = transfer(c, true, c->out.data + c->sent, end - c->sent);
		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		c->sent += (size_t)n;
	}
	return c->cut ? -ECONNABORTED : 0;
}

/* 1: the answer is complete. */
static int receive(struct call *c)
{
	uint8_t chunk[16384];

	for (;;) {
		size_t used = 0;
		ssize_t n = transfer(c, false, chunk, sizeof(chunk));
		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		c->answered = true;
		int r = http_parser_feed(c->parser, chunk, (size_t)n, &used);
		if (r != 0)
			return r > 0 && used < (size_t)n ? -EBADMSG : r;
	}
}

static int drive(struct call *c)
{
	int r = c->fd < 0 ? connect_start(c) : 0;

	if (r == 0)
		r = handshake(c);
	if (r == 0)
		r = send_out(c);
	/* A server that refuses a large body answers before it has read it all. */
	if (r == 0 || (r == -EAGAIN && c->sent > 0) || r == -EPIPE)
		r = receive(c);
	return r;
}

static void finish(struct call *c, int error)
{
	c->status = c->parser->status;
	if (error < 0 || !c->parser->keep_alive)
		disconnect(c);
	forget(c);
	c->done(c, error);
}

static void go_on(struct call *c)
{
	if (!c->parser) {
		/* Idle: the server closed it, or talks out of turn. */
		disconnect(c);
		return;
	}
	int r = drive(c);
	bool stale = r < 0 && r != -EAGAIN && !c->cut && c->reused && !c->answered;
	if (stale) {
		disconnect(c);
		c->sent = 0;
		r = drive(c);
	}
	/* A connection that is only being set up says so. */
	if (r == -EAGAIN || r == -ENOTCONN)
		return;
	finish(c, r > 0 ? 0 : r < 0 ? r : -EBADMSG);
}

static void connection_ready(struct loop_source *source)
{
	go_on((struct call *)source);
}

void call_init(struct call *c, struct call_client *client, struct in_addr from,
        void (*done)(struct call *c, int error))
{
	*c = (struct call){.client = client,
	        .from = from,
	        .done = done,
	        .fd = -1,
	        .source = {.ready = connection_ready}};
	buffer_init(&c->out, (size_t)80 * 1024 * 1024);
}

void call_make(struct call *c, const struct sockaddr_in *to, bool secure, const void *request,
        size_t len, size_t max_answer, enum call_cut cut)
{
	if (c->fd >= 0 && c->secure != secure)
		disconnect(c);
	c->to = *to;
	c->secure = secure;
	c->cut = cut;
	c->sent = 0;
	c->answered = false;
	c->reused = c->fd >= 0;
	buffer_free(&c->body);
	buffer_init(&c->body, max_answer);
	c->parser = malloc(sizeof(*c->parser));
	if (!c->parser || buffer_append(&c->out, request, len) < 0) {
		c->done(c, -ENOMEM);
		return;
	}
	http_parser_init(c->parser, &c->body);
	go_on(c);
}
