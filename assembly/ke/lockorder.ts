/** The order of all locks. */

/**
 * Outermost first: a processor that holds one may only acquire one further down. This is the only
 * place where an order is stated; the verifier holds every acquire against it. LOCKS.md is made
 * from this list.
 */
export const enum LockRank {
  /** The system's cancel lock: taken first or alone. */
  IoCancel = 5,
  /** Which handle is which socket. */
  AfdHandles = 8,
  /** Selects, and which sockets they wait for. */
  AfdPoll = 9,
  /** One socket: its queues, its state. */
  AfdEndpoint = 10,
  /** A LANA: who passes its gate, what programs wait for there. */
  NetbiosLana = 11,
  /** Echoes that user mode waits for. */
  AfdEcho = 12,
  /** NCBs whose end user mode has not read. */
  NetbiosReady = 13,
  /** A name that a program has added, and the datagrams that wait for it. */
  NetbiosName = 14,
  /** Sockets that have something to tell user mode. */
  AfdReady = 15,
  /** One NetBT device: its addresses, its connection blocks. */
  NetbtDevice = 16,
  /** Names of NetBT: this machine's, and those of others. */
  NetbtNames = 17,
  /** One NetBT session. */
  NetbtConnection = 18,
  /** Address objects by port; which ports are taken. */
  TcpipAddress = 20,
  /** Which connection endpoint has which connection. */
  TcpConnection = 25,
  /** One partition of the connection table. */
  TcpTable = 30,
  /** One connection. */
  TcpTcb = 40,
  /** Connections that are half open. Within `TcpTcb`: one that is answered is remembered. */
  TcpSynCache = 41,
  /** Connects that were given up. */
  TcpAbandoned = 42,
  /** Which connection has which deadline for its acknowledgment. */
  TcpAckDeadlines = 43,
  /** The connections whose timer runs, of one partition. */
  TcpTimer = 44,
  /** What few endpoints have to tell of their connection. Within `TcpTcb`. */
  TcpNotices = 45,
  /** Datagrams not yet whole. */
  IpReassembly = 48,
  /** Routes and route cache entries. */
  IpRoute = 50,
  /** Neighbours, and the datagram that waits for each. */
  ArpTable = 55,
  /** Echo requests that wait for their reply. */
  IcmpEcho = 57,
  /** A card's packets and its transmit ring. */
  NdisAdapter = 60,
  /** The timer wheel. */
  KeTimer = 80,
  /** The queue of work items. */
  ExWorkQueue = 82,
  /** A lookaside list. */
  ExLookaside = 84,
  /** The pool. */
  ExPool = 86,
  /** A lock with no place in the order: only the orders that were seen judge it. */
  Unranked = 127,
}
