/* Frames from many remote ends: Ethernet, IPv4 and TCP (RFC 791, RFC 9293), and one ARP reply. */

#include "frame.h"

#include <string.h>

const uint8_t LOCAL_MAC[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t GATEWAY_MAC[6] = {0x02, 0, 0, 0, 0, 0x02};

uint32_t read32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void write16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value) {
  write16(at, value >> 16);
  write16(at + 2, value & 0xffff);
}

/* Adds `octets` at `at` to a sum of 16-bit words in this processor's order. */
static uint64_t add_words(uint64_t sum, const uint8_t *at, unsigned octets) {
  uint32_t word;
  for (; octets >= 4; octets -= 4, at += 4) {
    memcpy(&word, at, 4);
    sum += word;
  }
  word = 0;
  memcpy(&word, at, octets);
  return sum + word;
}

/* Stores the checksum of a sum at `at`. */
static void store_checksum(uint8_t *at, uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  const uint16_t checksum = (uint16_t)~sum;
  memcpy(at, &checksum, 2);
}

unsigned build_tcp(uint8_t *frame, uint32_t index, uint32_t sequence, uint32_t acknowledgment,
                   unsigned flags, unsigned octets) {
  uint8_t *const ip = frame + 14;
  uint8_t *const tcp = ip + 20;
  memcpy(frame, LOCAL_MAC, 6);
  memcpy(frame + 6, GATEWAY_MAC, 6);
  write16(frame + 12, 0x0800);
  write32(ip, 0x45000000u | (40 + octets));
  write32(ip + 4, 0x00004000u); /* may not be fragmented */
  write32(ip + 8, 0x80060000u); /* 128 hops, TCP */
  write32(ip + 12, REMOTE_BASE + index);
  write32(ip + 16, LOCAL_ADDRESS);
  store_checksum(ip + 10, add_words(0, ip, 20));
  write16(tcp, 1024 + index * 7919u % 60000);
  write16(tcp + 2, PORT);
  write32(tcp + 4, sequence);
  write32(tcp + 8, acknowledgment);
  write16(tcp + 12, 0x5000 | flags);
  write16(tcp + 14, 0xffff);
  write32(tcp + 16, 0);
  for (unsigned i = 0; i < octets; i++) tcp[20 + i] = (uint8_t)(sequence + i * 31);
  uint8_t pseudo[4];
  write32(pseudo, 6u << 16 | (20 + octets));
  store_checksum(tcp + 16, add_words(add_words(add_words(0, ip + 12, 8), pseudo, 4), tcp,
                                     20 + octets));
  return FRAME_HEADER + octets;
}

unsigned build_arp(uint8_t *frame) {
  memcpy(frame, LOCAL_MAC, 6);
  memcpy(frame + 6, GATEWAY_MAC, 6);
  write16(frame + 12, 0x0806);
  write32(frame + 14, 0x00010800u);
  write32(frame + 18, 0x06040002u); /* a reply */
  memcpy(frame + 22, GATEWAY_MAC, 6);
  write32(frame + 28, GATEWAY_ADDRESS);
  memcpy(frame + 32, LOCAL_MAC, 6);
  write32(frame + 38, LOCAL_ADDRESS);
  return ARP_FRAME;
}
