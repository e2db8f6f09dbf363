/* Frames from many remote ends to one lwIP, made outside the time that is measured. */

#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdint.h>

/* lwIP is 10.0.0.1 and listens on PORT; its gateway is 10.0.0.2; remote end i is 11.0.0.0 + i. */
#define LOCAL_ADDRESS 0x0a000001u
#define GATEWAY_ADDRESS 0x0a000002u
#define REMOTE_BASE 0x0b000000u
#define PORT 139u

#define FRAME_HEADER 54u /* Ethernet 14, IPv4 20, TCP 20 */
#define ARP_FRAME 42u

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* One remote end. */
struct remote {
  uint32_t next; /* sequence number of its next octet */
  uint32_t expected; /* sequence number it expects: what it acknowledges */
};

extern const uint8_t LOCAL_MAC[6];
extern const uint8_t GATEWAY_MAC[6];

uint32_t read32(const uint8_t *at);
uint16_t read16(const uint8_t *at);

/* Writes a TCP frame of remote end `index`, `octets` of payload, checksums right. Its length. */
unsigned build_tcp(uint8_t *frame, uint32_t index, uint32_t sequence, uint32_t acknowledgment,
                   unsigned flags, unsigned octets);

/* Writes the gateway's ARP reply, so that lwIP's own frames need not wait. Its length. */
unsigned build_arp(uint8_t *frame);

#endif
