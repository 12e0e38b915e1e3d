/*
 * Uses the guest kernel's ciphers through AF_ALG sockets; runs as a static program inside a guest.
 *
 *   af_alg compare DRIVER REFERENCE     same bytes from both, at many lengths, both directions
 *   af_alg load DRIVER                  encrypts until it is ended; a line after the first request
 *   af_alg bench DRIVER OP LEN NUM ROUNDS
 *       OP is encrypt or decrypt; NUM requests on each of two transforms, ROUNDS times
 *
 * A driver of virtio-crypto gives a new transform to the device that has the fewest: with two
 * devices the two transforms of a bench are on one each, the first on the first device.
 */
#include <errno.h>
#include <linux/if_alg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LEN = 64 * 1024, IV_LEN = 16, KEY_LEN = 16, BLOCK_LEN = 16 };

static uint8_t source[MAX_LEN] __attribute__((aligned(4096)));
static uint8_t result[MAX_LEN] __attribute__((aligned(4096)));
static uint8_t expected[MAX_LEN] __attribute__((aligned(4096)));

static void fail(const char *what)
{
	printf("af_alg: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A socket on which requests are made; the transform lives as long as it. */
static int open_cipher(const char *driver, const uint8_t *key)
{
	struct sockaddr_alg address = { .salg_family = AF_ALG, .salg_type = "skcipher" };
	snprintf((char *)address.salg_name, sizeof(address.salg_name), "%s", driver);
	int transform = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (transform < 0)
		fail("socket");
	if (bind(transform, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(driver);
	if (setsockopt(transform, SOL_ALG, ALG_SET_KEY, key, KEY_LEN) < 0)
		fail("ALG_SET_KEY");
	int requests = accept(transform, NULL, 0);
	if (requests < 0)
		fail("accept");
	close(transform);
	return requests;
}

static void run(int requests, uint32_t op, const uint8_t *from, uint8_t *to, size_t len)
{
	char control[CMSG_SPACE(sizeof(op)) + CMSG_SPACE(sizeof(struct af_alg_iv) + IV_LEN)] = { 0 };
	struct iovec data = { .iov_base = (void *)from, .iov_len = len };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_OP;
	header->cmsg_len = CMSG_LEN(sizeof(op));
	memcpy(CMSG_DATA(header), &op, sizeof(op));
	header = CMSG_NXTHDR(&message, header);
	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_IV;
	header->cmsg_len = CMSG_LEN(sizeof(struct af_alg_iv) + IV_LEN);
	struct af_alg_iv *iv = (void *)CMSG_DATA(header);
	iv->ivlen = IV_LEN;
	memset(iv->iv, 0x5a, IV_LEN);
	if (sendmsg(requests, &message, 0) != (ssize_t)len)
		fail("sendmsg");
	if (read(requests, to, len) != (ssize_t)len)
		fail("read");
}

static void fill(uint8_t *bytes, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = seed >> 24;
	}
}

static void check(int requests, int reference, size_t len)
{
	run(reference, ALG_OP_ENCRYPT, source, expected, len);
	memset(result, 0, len);
	run(requests, ALG_OP_ENCRYPT, source, result, len);
	if (memcmp(result, expected, len) != 0) {
		printf("af_alg: wrong ciphertext of %zu bytes\n", len);
		exit(1);
	}
	run(requests, ALG_OP_DECRYPT, expected, result, len);
	if (memcmp(result, source, len) != 0) {
		printf("af_alg: wrong plaintext of %zu bytes\n", len);
		exit(1);
	}
}

static void compare(const char *driver, const char *reference)
{
	int num = 0;
	for (uint32_t seed = 1; seed <= 8; seed++) {
		uint8_t key[KEY_LEN];
		fill(key, KEY_LEN, seed);
		fill(source, MAX_LEN, ~seed);
		int ours = open_cipher(driver, key);
		int theirs = open_cipher(reference, key);
		for (size_t len = BLOCK_LEN; len <= MAX_LEN; len += len < 512 ? BLOCK_LEN : len / 32 * 16) {
			check(ours, theirs, len);
			num++;
		}
		check(ours, theirs, MAX_LEN);
		close(ours);
		close(theirs);
	}
	printf("af_alg: %d lengths are the same\n", num);
}

static void load(const char *driver)
{
	const uint8_t key[KEY_LEN] = { 1 };
	int requests = open_cipher(driver, key);
	run(requests, ALG_OP_ENCRYPT, source, result, MAX_LEN);
	printf("af_alg: loading\n");
	fflush(stdout);
	for (;;)
		run(requests, ALG_OP_ENCRYPT, source, result, MAX_LEN);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

/* Prints MB/s of the first and the second transform for each round; the order alternates. */
static void bench(const char *driver, const char *name, size_t len, int num, int rounds)
{
	const uint8_t key[KEY_LEN] = { 2 };
	uint32_t op = strcmp(name, "decrypt") == 0 ? ALG_OP_DECRYPT : ALG_OP_ENCRYPT;
	int both[2] = { open_cipher(driver, key), open_cipher(driver, key) };
	fill(source, len, 7);
	run(both[0], op, source, expected, len);
	run(both[1], op, source, result, len);
	if (memcmp(result, expected, len) != 0) {
		printf("af_alg: the two differ\n");
		exit(1);
	}
	for (int round = 0; round < rounds; round++) {
		double rate[2];
		for (int turn = 0; turn < 2; turn++) {
			int which = (round + turn) % 2;
			double start = now();
			for (int i = 0; i < num; i++)
				run(both[which], op, source, result, len);
			rate[which] = (double)len * num / (now() - start) / 1e6;
		}
		printf("bench %s %zu %.3f %.3f\n", name, len, rate[0], rate[1]);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "compare") == 0)
		compare(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "load") == 0)
		load(argv[2]);
	else if (argc == 7 && strcmp(argv[1], "bench") == 0 && atoi(argv[4]) <= MAX_LEN)
		bench(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
	else {
		printf("af_alg: compare DRIVER REFERENCE | load DRIVER | bench DRIVER OP LEN NUM ROUNDS\n");
		return 1;
	}
	return 0;
}
