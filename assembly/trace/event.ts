/** Numbers of the events that the trace ring keeps; the host has the words. */

export const enum Event {
  NONE,
  BOOT,
  HALT,
  /** A frame was dropped. a: `Drop` reason, b: adapter, c: length. */
  DROP,
  /** a: remote address, b: ports, c: old state in the high half, new in the low. */
  TCP_STATE,
  /**
   * SynAttackProtect engages. a: half open, b: half open and retried, c: refused for lack of
   * backlog.
   */
  TCP_SYN_ATTACK_DETECTED,
  TCP_SYN_ATTACK_OVER,
  /** A SYN was refused for lack of backlog. a: remote address, b: ports. */
  TCP_BACKLOG_REFUSED,
  /** The SYN cache is full: cookies go out from here on. a: remote address, b: ports. */
  TCP_COOKIES_BEGIN,
  /** A cookie came back. a: remote address, b: ports, c: MSS. */
  TCP_COOKIE_TAKEN,
  /** A connection of the SYN cache was ended. a: remote address, b: ports, c: repetitions. */
  TCP_HALF_OPEN_ENDED,
  /** a: remote address, b: ports, c: how many times so far. */
  TCP_RETRANSMIT,
  TCP_FAST_RETRANSMIT,
  /** A connection was given up after too many retransmissions. a: remote address, b: ports. */
  TCP_GIVE_UP,
  TCP_RESET_SENT,
  TCP_RESET_BELIEVED,
  TCP_ZERO_WINDOW_PROBE,
  TCP_KEEP_ALIVE_PROBE,
  TCP_SIMULTANEOUS_OPEN,
  TCP_TIME_WAIT_REOPENED,
  /** A partition of the connection table grew. a: partition, b: slots. */
  TCP_TABLE_GREW,
  /** a: address, b: how many requests so far. */
  ARP_REQUEST,
  ARP_RESOLVED,
  ARP_FAILED,
  /** A parked datagram made room for a newer one. a: address. */
  ARP_REPLACED_PARKED,
  ARP_CONFLICT,
  /** A destination has another gateway. a: destination, b: the old one, c: the new one. */
  IP_GATEWAY_LEFT,
  /** So has the machine. a: the old one, b: the new one, c: connections that had moved. */
  IP_GATEWAY_CHANGED,
  IP_REASSEMBLED,
  IP_REASSEMBLY_EXPIRED,
  ICMP_ECHO,
  ICMP_UNREACHABLE,
  /** An allocation was refused. a: tag, b: octets. */
  POOL_REFUSED,
  /** A NetBIOS call found no connection block. a: remote address, b: remote port. */
  NBT_NO_BLOCK,
  /** A session request was refused. a: remote address, b: why (`SessionError`). */
  NBT_REFUSED,
  /** A session packet is none. a: remote address, b: its type, c: its length. */
  NBT_MALFORMED,
  /** A finding of the verifier. a: rule, b and c: its first two words. */
  FINDING,
  COUNT,
}
