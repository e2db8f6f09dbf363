/*
 * lwIP on the work of `npm run bench`: what its receive path costs, as JSON on standard output.
 *
 * Frames go straight into ethernet_input, 64 at a time; only those calls are timed. No thread of
 * lwIP runs and no timer expires (lwip_init without tcpip_init): nothing else takes the processor.
 * Each figure is the least of the means of its rounds. Frames lie in pbufs (PBUF_RAM: Debian's
 * PBUF_POOL hands out 1,514 octets in blocks of 616), allocated and filled beforehand; the client
 * takes all data at once and gives its pbuf back.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame.h"
#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netif/ethernet.h"

#define BATCH 64
#define MAX_ROUNDS 32
#define MAX_REMOTES 200000u
#define REPLY 100u

static struct netif card;
static struct pbuf *batch[BATCH];
static struct remote remotes[MAX_REMOTES];
static uint32_t remote_count;

/* What lwIP has done, so that a figure is only printed for work that happened. */
static uint64_t accepted, delivered, syn_acks, closed;
static bool answers; /* the client answers each delivery with REPLY octets */

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Ends the program unless what was to happen has happened. */
static void must(const char *what, uint64_t is, uint64_t expected) {
  if (is == expected) return;
  fprintf(stderr, "lwip: %s: %" PRIu64 ", expected %" PRIu64 "\n", what, is, expected);
  exit(1);
}

static uint32_t chance(void) {
  static uint32_t state = 0x9e3779b9u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/* ---- lwIP's side: a card that swallows frames, and a client that takes what comes ---- */

/* Notes what sequence number a remote end must acknowledge; a bare ACK is only dropped. */
static err_t swallow(struct netif *from, struct pbuf *p) {
  (void)from;
  const uint8_t *frame = p->payload;
  if (p->len < FRAME_HEADER || read16(frame + 12) != 0x0800) return ERR_OK;
  const unsigned flags = frame[47];
  const unsigned octets = read16(frame + 16) - 20u - (frame[46] >> 4) * 4u;
  if (octets == 0 && (flags & (SYN | FIN)) == 0) return ERR_OK;
  const uint32_t index = read32(frame + 30) - REMOTE_BASE;
  if (index >= remote_count) return ERR_OK;
  remotes[index].expected = read32(frame + 38) + octets + ((flags & (SYN | FIN)) != 0);
  if (flags & SYN) syn_acks++;
  return ERR_OK;
}

static err_t card_init(struct netif *netif) {
  memcpy(netif->hwaddr, LOCAL_MAC, 6);
  netif->hwaddr_len = 6;
  netif->mtu = 1500;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                 NETIF_FLAG_LINK_UP;
  netif->output = etharp_output;
  netif->linkoutput = swallow;
  netif->name[0] = 'b';
  netif->name[1] = 'n';
  return ERR_OK;
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error) {
  static const char reply[REPLY];
  (void)argument;
  (void)error;
  if (p == NULL) {
    closed++;
    return tcp_close(pcb);
  }
  delivered += p->tot_len;
  tcp_recved(pcb, p->tot_len);
  pbuf_free(p);
  if (!answers) return ERR_OK;
  tcp_write(pcb, reply, REPLY, TCP_WRITE_FLAG_COPY);
  return tcp_output(pcb);
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  (void)error;
  accepted++;
  tcp_recv(pcb, on_receive);
  return ERR_OK;
}

/* ---- Frames in, with the time they take ---- */

/* Puts a frame into slot `slot` of the batch. */
static void place(unsigned slot, uint32_t index, unsigned flags, unsigned octets) {
  struct remote *r = &remotes[index];
  struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(FRAME_HEADER + octets), PBUF_RAM);
  if (p == NULL || p->next != NULL) must("pbuf", 0, 1);
  const uint32_t acknowledgment = (flags & ACK) ? r->expected : 0;
  build_tcp(p->payload, index, r->next, acknowledgment, flags, octets);
  r->next += octets + ((flags & (SYN | FIN)) != 0);
  batch[slot] = p;
}

/* Gives lwIP the first `count` frames of the batch. ns. */
static uint64_t feed(unsigned count) {
  const uint64_t start = now();
  for (unsigned i = 0; i < count; i++) {
    if (ethernet_input(batch[i], &card) != ERR_OK) pbuf_free(batch[i]);
  }
  return now() - start;
}

/* The same kind of frame from `count` remote ends, the first of them `first`. ns. */
static uint64_t stage(uint32_t first, unsigned count, unsigned flags, unsigned octets) {
  for (unsigned i = 0; i < count; i++) place(i, first + i, flags, octets);
  return feed(count);
}

/* `count` new remote ends; the index of the first. */
static uint32_t add_remotes(unsigned count) {
  must("room for remote ends", remote_count + count <= MAX_REMOTES, 1);
  const uint32_t first = remote_count;
  for (unsigned i = 0; i < count; i++) remotes[remote_count++].next = chance();
  return first;
}

static double least(const double *values, unsigned count) {
  double found = values[0];
  for (unsigned i = 1; i < count; i++) {
    if (values[i] < found) found = values[i];
  }
  return found;
}

/* ---- What is measured ---- */

/* In-order segments of `octets` to connections first .. first+n-1, at random. ns each. */
static double receive(uint32_t first, uint32_t n, unsigned octets, unsigned rounds,
                      unsigned batches) {
  double means[MAX_ROUNDS];
  for (unsigned round = 0; round <= rounds; round++) {
    const uint64_t before = delivered;
    uint64_t ns = 0;
    for (unsigned b = 0; b < batches; b++) {
      for (unsigned i = 0; i < BATCH; i++) place(i, first + chance() % n, ACK | PSH, octets);
      ns += feed(BATCH);
    }
    must("octets delivered", delivered - before, (uint64_t)batches * BATCH * octets);
    if (round > 0) means[round - 1] = (double)ns / (batches * BATCH); /* the first one warms */
  }
  return least(means, rounds);
}

/* Ends the program if lwIP takes a damaged segment: then it would not verify what others verify. */
static void must_verify(uint32_t index) {
  const uint64_t before = delivered;
  place(0, index, ACK | PSH, 1460);
  ((uint8_t *)batch[0]->payload)[FRAME_HEADER + 700] ^= 4;
  feed(1);
  remotes[index].next -= 1460;
  must("damaged octets delivered", delivered - before, 0);
}

/* Opens connections until there are `n` from `first` on. */
static void open_until(uint32_t first, uint32_t n) {
  while (remote_count - first < n) {
    const uint32_t missing = n - (remote_count - first);
    const unsigned count = missing < BATCH ? missing : BATCH;
    const uint64_t before = accepted;
    const uint32_t at = add_remotes(count);
    stage(at, count, SYN, 0);
    stage(at, count, ACK, 0);
    must("connections accepted", accepted - before, count);
  }
}

/* A SYN while there are `n` half open, from `first` on. ns each; those measured are reset again. */
static double syn(uint32_t first, uint32_t n, unsigned rounds, unsigned batches) {
  double means[MAX_ROUNDS];
  while (remote_count - first < n) {
    const uint32_t missing = n - (remote_count - first);
    const unsigned count = missing < BATCH ? missing : BATCH;
    stage(add_remotes(count), count, SYN, 0);
  }
  const uint32_t at = remote_count; /* the same remote ends each time */
  add_remotes(BATCH);
  for (unsigned round = 0; round <= rounds; round++) {
    const uint64_t before = syn_acks;
    uint64_t ns = 0;
    for (unsigned b = 0; b < batches; b++) {
      ns += stage(at, BATCH, SYN, 0);
      stage(at, BATCH, RST, 0);
    }
    must("SYN-ACKs", syn_acks - before, (uint64_t)batches * BATCH);
    if (round > 0) means[round - 1] = (double)ns / (batches * BATCH);
  }
  remote_count = at;
  return least(means, rounds);
}

/* Connect, 100 octets each way, close, 64 connections abreast: six frames in for each. ns each. */
static double connect_and_close(unsigned rounds, unsigned batches) {
  double means[MAX_ROUNDS];
  answers = true;
  for (unsigned round = 0; round <= rounds; round++) {
    const uint64_t before = closed, octets = delivered;
    uint64_t ns = 0;
    for (unsigned b = 0; b < batches; b++) {
      const uint32_t at = add_remotes(BATCH);
      ns += stage(at, BATCH, SYN, 0);
      ns += stage(at, BATCH, ACK, 0);
      ns += stage(at, BATCH, ACK | PSH, 100);
      ns += stage(at, BATCH, ACK, 0);
      ns += stage(at, BATCH, ACK | FIN, 0);
      ns += stage(at, BATCH, ACK, 0);
    }
    must("octets delivered", delivered - octets, (uint64_t)batches * BATCH * 100);
    must("connections closed", closed - before, (uint64_t)batches * BATCH);
    if (round > 0) means[round - 1] = (double)ns / (batches * BATCH);
  }
  must("connections left", tcp_active_pcbs != NULL, 0);
  answers = false;
  return least(means, rounds);
}

/* memcpy of 1460 octets, from one half of `set` octets to the other. ns each. */
static double copy(size_t set, unsigned rounds, unsigned times) {
  double means[MAX_ROUNDS];
  uint8_t *memory = malloc(set);
  if (memory == NULL) must("memory", 0, 1);
  memset(memory, 0x5a, set);
  const size_t half = set / 2;
  for (unsigned round = 0; round <= rounds; round++) {
    const uint64_t start = now();
    for (size_t i = 0; i < times; i++) {
      uint8_t *source = memory + (i * 2048 & (half - 1));
      memcpy(source + half, source, 1460);
      __asm__ volatile("" : : "r"(source) : "memory");
    }
    if (round > 0) means[round - 1] = (double)(now() - start) / times;
  }
  free(memory);
  return least(means, rounds);
}

/* lwIP's checksum of 1460 octets, over the frames of one batch. ns each. */
static double checksum(unsigned rounds, unsigned times) {
  static uint8_t frames[BATCH * 2048];
  double means[MAX_ROUNDS];
  for (size_t i = 0; i < sizeof frames; i++) frames[i] = (uint8_t)(i * 31);
  for (unsigned round = 0; round <= rounds; round++) {
    const uint64_t start = now();
    for (size_t i = 0; i < times; i++) {
      const uint16_t sum = inet_chksum(frames + (i % BATCH) * 2048, 1460);
      __asm__ volatile("" : : "r"(sum));
    }
    if (round > 0) means[round - 1] = (double)(now() - start) / times;
  }
  return least(means, rounds);
}

/* ---- The program ---- */

static void start(void) {
  const ip4_addr_t address = {lwip_htonl(LOCAL_ADDRESS)};
  const ip4_addr_t mask = {lwip_htonl(0xffffff00u)};
  const ip4_addr_t gateway = {lwip_htonl(GATEWAY_ADDRESS)};
  lwip_init();
  must("card", netif_add(&card, &address, &mask, &gateway, NULL, card_init, ethernet_input) != NULL,
       1);
  netif_set_default(&card);
  netif_set_up(&card);
  batch[0] = pbuf_alloc(PBUF_RAW, ARP_FRAME, PBUF_RAM);
  build_arp(batch[0]->payload);
  feed(1);
  struct tcp_pcb *listener = tcp_new();
  must("bind", tcp_bind(listener, IP_ADDR_ANY, PORT), ERR_OK);
  listener = tcp_listen(listener);
  tcp_accept(listener, on_accept);
}

static void abort_all(void) {
  while (tcp_active_pcbs != NULL) tcp_abort(tcp_active_pcbs);
}

/* How much of each: enough to be steady, little enough for twenty seconds in all. */
struct row {
  uint32_t n;
  unsigned rounds, batches;
};

static const struct row RECEIVE[] = {
  {1, 15, 100}, {10, 15, 100}, {100, 15, 100}, {1000, 9, 30}, {10000, 7, 6},
};
static const struct row HALF_OPEN[] = {
  {100, 9, 20}, {1000, 9, 5}, {10000, 5, 2}, {20000, 5, 2},
};
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void print_rows(const char *name, const struct row *rows, const double *ns, size_t count) {
  printf(",\n  \"%s\": {", name);
  for (size_t i = 0; i < count; i++) {
    printf("%s\"%" PRIu32 "\": %.1f", i == 0 ? "" : ", ", rows[i].n, ns[i]);
  }
  printf("}");
}

int main(void) {
  double large[COUNT(RECEIVE)], small[COUNT(RECEIVE)], half_open[COUNT(HALF_OPEN)];
  start();
  printf("{\n  \"version\": \"%s\",\n", LWIP_VERSION_STRING);
  printf("  \"copy\": %.1f,\n", copy(16u << 20, 9, 20000));
  printf("  \"copyCached\": %.1f,\n", copy(BATCH * 4096u, 9, 20000));
  printf("  \"checksum\": %.1f,\n", checksum(9, 5000));
  printf("  \"connect\": %.1f", connect_and_close(9, 30));
  const uint32_t first = remote_count;
  for (size_t i = 0; i < COUNT(RECEIVE); i++) {
    const struct row *row = &RECEIVE[i];
    open_until(first, row->n);
    must_verify(first);
    large[i] = receive(first, row->n, 1460, row->rounds, row->batches);
    small[i] = receive(first, row->n, 12, row->rounds, row->batches);
  }
  print_rows("receive", RECEIVE, large, COUNT(RECEIVE));
  print_rows("receiveSmall", RECEIVE, small, COUNT(RECEIVE));
  abort_all();
  const uint32_t half = remote_count;
  for (size_t i = 0; i < COUNT(HALF_OPEN); i++) {
    half_open[i] = syn(half, HALF_OPEN[i].n, HALF_OPEN[i].rounds, HALF_OPEN[i].batches);
  }
  print_rows("syn", HALF_OPEN, half_open, COUNT(HALF_OPEN));
  printf("\n}\n");
  return 0;
}
