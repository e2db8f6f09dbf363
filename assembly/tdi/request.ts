/** TDI requests: minor codes, kinds of objects, flags (nt-facts 4.1). */

/** The minor code of IRP_MJ_INTERNAL_DEVICE_CONTROL. */
export const enum Tdi {
  ASSOCIATE_ADDRESS = 1,
  DISASSOCIATE_ADDRESS = 2,
  CONNECT = 3,
  LISTEN = 4,
  ACCEPT = 5,
  DISCONNECT = 6,
  SEND = 7,
  RECEIVE = 8,
  SEND_DATAGRAM = 9,
  RECEIVE_DATAGRAM = 10,
  SET_EVENT_HANDLER = 11,
  QUERY_INFORMATION = 12,
  SET_INFORMATION = 13,
}

/** What a file object of a transport stands for: which extended attribute it was opened with. */
export const enum TransportObject {
  CONTROL = 3,
  ADDRESS = 1,
  CONNECTION = 2,
}

/** TDI_DISCONNECT_*. */
export const enum DisconnectFlag {
  WAIT = 1,
  ABORT = 2,
  RELEASE = 4,
  /** Beside ABORT in an indication, and ours: it is over because nobody answered. */
  TIMED_OUT = 0x100,
}

/** TDI_SEND_*. */
export const enum SendFlag {
  NONE = 0,
  EXPEDITED = 0x20,
}

/** TDI_RECEIVE_*. */
export const enum ReceiveFlag {
  NORMAL = 0x20,
  EXPEDITED = 0x40,
  PEEK = 0x80,
  /** All of the message is indicated. */
  ENTIRE_MESSAGE = 0x400,
}

/** What TDI_QUERY_INFORMATION tells: the answer is in the request's own parameters. */
export const enum TransportQuery {
  LOCAL_ADDRESS,
  LOCAL_PORT,
  /** Octets that came on a connection and that its client has not taken. */
  HELD,
  /** Twice the octets before the urgent one that its client has not been given, and 1; 0: none. */
  URGENT,
  /** The last error that may pass, since this was asked; SUCCESS: none. */
  SOFT_ERROR,
}

/** What TDI_SET_INFORMATION may set on a connection. */
export const enum ConnectionOption {
  /** 1: small segments do not wait (TCP_NODELAY). */
  NO_DELAY,
  /** 1: probe when idle. */
  KEEP_ALIVE,
  /** 1: urgent data stays where it is in the text, and comes with it. */
  EXPEDITED_INLINE,
  /** Retransmissions of text before it is given up (R2): 0 as the registry says, 255 no end. */
  RETRANSMISSIONS,
  /** The type of service of its datagrams (RFC 2474); the two bits of ECN do not count. */
  TYPE_OF_SERVICE,
}
