/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/tls.h"
#include "fixer/link/clock.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tls_context {
	SSL_CTX *ctx;
	uint8_t pin[TLS_PIN_LEN];
	bool mismatch; /* the last handshake met another key */
};

struct tls {
	SSL *ssl;
	int fd;
	bool broken; /* after a fatal error nothing more may be sent, goodbye included */
};

/* Replaces OpenSSL's chain check: the leaf's public key is the pinned one, or the handshake ends.
 */
static int check_pin(X509_STORE_CTX *store, void *context)
{
	struct tls_context *c = context;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	unsigned char *spki = NULL, hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;
	int len = leaf ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki) : -1;
	bool same = len > 0 &&
	            EVP_Digest(spki, (size_t)len, hash, &hash_len, EVP_sha256(), NULL) == 1 &&
	            hash_len == TLS_PIN_LEN && memcmp(hash, c->pin, TLS_PIN_LEN) == 0;

	OPENSSL_free(spki);
	if (!same) {
		c->mismatch = true;
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	}
	return same;
}

int tls_context_new(const uint8_t pin[TLS_PIN_LEN], struct tls_context **ret)
{
	struct tls_context *c = calloc(1, sizeof(*c));

	/* A configuration file of the host must not change what we accept. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || !c) {
		free(c);
		return -ENOMEM;
	}
	memcpy(c->pin, pin, TLS_PIN_LEN);
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (!c->ctx || SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION) != 1) {
		tls_context_free(c);
		return -ENOMEM;
	}
	(void)SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(
	        c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->ctx, check_pin, c);
	(void)signal(SIGPIPE, SIG_IGN);
	*ret = c;
	return 0;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

/* 0 when fd is ready for events, -ETIMEDOUT, or another errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - monotonic_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* A connected non-blocking socket, or -errno. */
static int connect_socket(const struct sockaddr_in *address, int64_t deadline)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, problem = 0;
	socklen_t size = sizeof(problem);

	if (fd < 0)
		return -errno;
	(void)setsockopt(
	        fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* only a matter of speed */
	int r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	if (r == -EINPROGRESS) {
		r = wait_for(fd, POLLOUT, deadline);
		if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0)
			r = -errno;
		if (r == 0)
			r = -problem;
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* What to do after an OpenSSL call that gave n <= 0: 0 = wait is over, call again; -ENODATA = the
 * peer said goodbye; other negative errnos. */
static int after(struct tls *t, int n, int64_t deadline)
{
	int saved = errno, r;

	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		r = wait_for(t->fd, POLLIN, deadline);
		break;
	case SSL_ERROR_WANT_WRITE:
		r = wait_for(t->fd, POLLOUT, deadline);
		break;
	case SSL_ERROR_ZERO_RETURN:
		return -ENODATA;
	case SSL_ERROR_SYSCALL:
		r = saved ? -saved : -ECONNRESET;
		break;
	default:
		r = -ECONNRESET;
	}
	if (r < 0)
		t->broken = true;
	return r;
}

static int handshake(struct tls *t, int64_t deadline)
{
	for (;;) {
		ERR_clear_error();
		errno = 0;
		int n = SSL_connect(t->ssl);
		if (n == 1)
			return 0;
		int r = after(t, n, deadline);
		if (r < 0)
			return r == -ENODATA ? -ECONNRESET : r;
	}
}

static int handshake_error(const struct tls_context *c, int code, struct error *err)
{
	if (c->mismatch)
		return error_set(err, -EKEYREJECTED, REASON_PIN_MISMATCH,
		        "the host at the appliance's address has another key; nothing was sent to "
		        "it");
	const char *detail = ERR_reason_error_string(ERR_peek_error());
	return error_set(err, code, REASON_APPLIANCE_UNREACHABLE, "TLS handshake failed: %s",
	        detail ? detail : strerror(-code));
}

int tls_connect(struct tls_context *c, const struct sockaddr_in *address, int64_t deadline,
        struct tls **ret, struct error *err)
{
	int fd = connect_socket(address, deadline);
	if (fd < 0)
		return error_set(
		        err, fd, REASON_APPLIANCE_UNREACHABLE, "cannot connect: %s", strerror(-fd));
	struct tls *t = calloc(1, sizeof(*t));
	if (!t) {
		(void)close(fd);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a connection");
	}
	t->fd = fd;
	t->ssl = SSL_new(c->ctx);
	if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
		t->broken = true;
		tls_close(t);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a connection");
	}
	c->mismatch = false;
	int r = handshake(t, deadline);
	if (r < 0) {
		r = handshake_error(c, r, err);
		tls_close(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	if (!t->broken)
		(void)SSL_shutdown(t->ssl); /* one attempt; the socket does not block */
	ERR_clear_error();
	SSL_free(t->ssl);
	(void)close(t->fd);
	free(t);
}

int tls_write(struct tls *t, const void *data, size_t len, int64_t deadline)
{
	const uint8_t *at = data;

	while (len > 0) {
		size_t written = 0;
		ERR_clear_error();
		errno = 0;
		int n = SSL_write_ex(t->ssl, at, len, &written);
		int r = n == 1 ? 0 : after(t, n, deadline);
		if (r < 0)
			return r == -ENODATA ? -ECONNRESET : r;
		at += written;
		len -= written;
	}
	return 0;
}

ssize_t tls_read(struct tls *t, void *data, size_t capacity, int64_t deadline)
{
	for (;;) {
		size_t got = 0;
		ERR_clear_error();
		errno = 0;
		int n = SSL_read_ex(t->ssl, data, capacity, &got);
		if (n == 1)
			return (ssize_t)got;
		int r = after(t, n, deadline);
		if (r < 0)
			return r == -ENODATA ? 0 : r;
	}
}
