/**
 * The registry values that the drivers read, by their documented names (nt-facts 2.1); the host
 * writes them before `boot` and knows their defaults and ranges by release.
 */

export const enum Parameter {
  // Tcpip\Parameters, documented by Microsoft
  SynAttackProtect,
  TcpMaxHalfOpen,
  TcpMaxHalfOpenRetried,
  TcpMaxPortsExhausted,
  TcpMaxConnectResponseRetransmissions,
  TcpMaxConnectRetransmissions,
  TcpMaxDataRetransmissions,
  TcpNumConnections,
  /** Seconds. */
  TcpTimedWaitDelay,
  /**
   * Octets; 0: the smaller of 0xFFFF and max(4 * MSS, 8192 rounded up to a multiple of the MSS).
   */
  TcpWindowSize,
  MaxUserPort,
  /** Milliseconds. */
  TcpInitialRTT,
  /**
   * Duplicate acknowledgements that start a fast retransmission; 0: none does (before NT 4.0
   * SP2).
   */
  TcpMaxDupAcks,
  /** A power of two; 1 is NT 4.0's single connection table. */
  NumTcbTablePartitions,
  /** Slots of each partition at first, a power of two; the table grows. */
  MaxHashTableSize,
  DefaultTTL,
  EnablePMTUDiscovery,
  /** A destination that does not answer is tried by way of the next default gateway. */
  EnableDeadGWDetect,
  /** 2: what came by a source route is dropped. */
  DisableIPSourceRouting,
  /** Milliseconds. */
  KeepAliveTime,
  /** Milliseconds. */
  KeepAliveInterval,
  /** Seconds that an unused entry lives. */
  ArpCacheLife,
  /** Seconds that an entry in use lives. */
  ArpCacheMinReferencedLife,
  NtstackArpRequests,
  /** Delay of an acknowledgement, in units of 100 ms. */
  TcpDelAckTicks,
  /** Octets. */
  MTU,
  /** Bits: 1 window scale, 2 timestamps (RFC 7323). */
  Tcp1323Opts,
  SackOpts,
  /** RFC 5961: what a forger may have sent is not believed. */
  Protect5961,
  /** Segments that vanish are made smaller. */
  EnablePMTUBHDetect,
  /** 0 Reno (RFC 5681), 1 CUBIC (RFC 9438). */
  CongestionAlgorithm,
  /** RFC 8985: losses are found by time, and a tail is probed. */
  EnableRack,
  /** 1: an urgent pointer points to the last octet (RFC 1122); 0: behind it, as BSD's does. */
  TcpUseRFC1122UrgentPointer,
  // NetBT\Parameters, documented by Microsoft (nt-facts 2.2)
  /** Connection blocks added when few are free; 0: their number is fixed. */
  BacklogIncrement,
  /** Connection blocks without a session at most. */
  MaxConnBackLog,
  /** Milliseconds of silence before SESSION KEEP ALIVE; 0xFFFFFFFF: never. */
  SessionKeepAlive,
  /** 1 b, 2 p, 4 m, 8 h; 0: 1 without a name server, 8 with one. */
  NodeType,
  /** Addresses of IP; 0: none. */
  NameServer,
  NameServerBackup,
  NameServerPort,
  NameSrvQueryCount,
  /** Milliseconds. */
  NameSrvQueryTimeout,
  BcastNameQueryCount,
  /** Milliseconds. */
  BcastQueryTimeout,
  /** Where broadcasts go; 0xFFFFFFFF: the address of the card's net. */
  BroadcastAddress,
  /** Milliseconds that a name of others is kept. */
  CacheTimeout,
  EnableLmhosts,
  /** Names of LMHOSTS that are preloaded at most. */
  MaxPreload,
  /** Milliseconds between refreshes until the name server has answered. */
  InitialRefreshTimeout,
  /** The opcode of a refresh: 8 or 9. */
  RefreshOpCode,
  /** Milliseconds before a name server that does not answer is tried again. */
  WinsDownTimeout,
  /** Octets of datagrams that wait for a name at most. */
  MaxDgramBuffering,
  /** Where a query is answered with one address only. */
  SingleResponse,
  /** Buckets of the tables of names: 1 16, 2 128, 3 256. */
  Size,
  /** A registered name is kept, whoever demands it (Q269239). */
  NoNameReleaseOnDemand,
  // Ours: what no source settles, written down as a setting
  /** Octets a second that name answers may have beyond what came. */
  NtstackNameAnswerOctets,
  /** Octets of a NetBIOS datagram's packet, beyond which it goes in parts. */
  NtstackNbDatagramOctets,
  // AFD\Parameters, documented by Microsoft (nt-facts 1.4)
  EnableDynamicBacklog,
  /** Idle endpoints below which others are made. */
  MinimumDynamicBacklog,
  /** Endpoints idle or half open at most. */
  MaximumDynamicBacklog,
  /** How many are made at a time. */
  DynamicBacklogGrowthDelta,
  /** SOMAXCONN: the longest backlog that a listener gets. */
  NtstackListenBacklog,
  /** Segments in the first flight. */
  NtstackInitialWindowSegments,
  /** Milliseconds. */
  NtstackMinimumRto,
  /** Milliseconds. */
  NtstackMaximumRto,
  /**
   * How initial sequence numbers are made: 0 by RFC 9293's clock alone, 1 keyed (RFC 6528), 2 by
   * milliseconds alone (to SP3), 3 with a little of the key's function (SP4).
   */
  NtstackIsnMode,
  /** Milliseconds between the SYNs to a port that answers with RST. */
  NtstackRefusedRetryDelay,
  /** Octets that IP may hold in datagrams not yet whole. */
  NtstackReassemblyOctets,
  /** The least shift that our SYN offers, where it offers one. */
  NtstackWindowShift,
  /** Challenges a second that one connection sends. */
  NtstackChallengeAcks,
  /** All connections: at most as many, at least half. */
  NtstackChallengeAcksPerSecond,
  /** RFC 3042 */
  NtstackLimitedTransmit,
  /** RFC 5681, 4.1 */
  NtstackIdleRestart,
  NtstackWindowValidation,
  NtstackTimeWaitResets,
  NtstackDsack,
  /** A router that forbids a SYN ends the connect. */
  NtstackProhibitedIsHard,
  /** The last SYNs of a connect have no options. */
  NtstackSynDropOptions,
  /** RFC 3168: 0 off, 1 offered and agreed to, 2 agreed to. */
  NtstackEcn,
  /** Repetitions of a SYN that still offer it. */
  NtstackEcnRetries,
  /** Milliseconds that an acknowledgment may wait; 0: as TcpDelAckTicks says. */
  NtstackDelayedAckMs,
  /** A SYN with a FIN opens no connection. */
  NtstackDropSynFin,
  /** The window field says what is free, unless that is little. */
  NtstackExactWindow,
  /** Packets that a card has for frames on their way out. */
  NtstackSendPackets,
  /** Where both FINs cross, the acknowledgment carries ours again. */
  NtstackCrossedFin,
  /** Connection blocks that each client address with a listener adds to NetBT's first two. */
  NtstackClientBlocks,
  /** 1: a session keeps its connection block from the pool; 0: another takes its place. */
  NtstackSessionBlocks,
  /** Which count Q126560 forgets a header in: 0 what was taken, 1 what is outstanding. */
  NtstackZeroLengthCount,
  /** Connections that are half open in the SYN cache at most; 0: there is none. */
  NtstackSynCache,
  /** Beyond that SYNs are answered with cookies (RFC 4987). */
  NtstackSynCookies,
  /** Percent of the connections that move the machine to another gateway; 0: one does. */
  NtstackGatewayShare,
  /** Retransmissions before IP is asked for another way (R1); 0: TcpMaxDataRetransmissions / 2. */
  NtstackR1,
  /** Keep-alives without an answer that end a connection; 0: TcpMaxDataRetransmissions. */
  NtstackKeepAliveProbes,
  /** IP's identifications have the processor's order of octets, the lowest first. */
  NtstackIdLowFirst,
  /** An echo reply may be fragmented only where its request may. */
  NtstackEchoKeepsDf,
  /** A listener answers what has neither SYN nor ACK with a RST. */
  NtstackListenerResets,
  /** The acknowledgment of a RST that has none: 0 zero, 1 the last answer's, 2 the segment's. */
  NtstackResetAck,
  /**
   * Words of the keys of the connection table and the sequence numbers; from the machine's seed.
   */
  NtstackKey0,
  NtstackKey1,
  NtstackKey2,
  NtstackKey3,
  NtstackKey4,
  NtstackKey5,
  NtstackKey6,
  NtstackKey7,
  COUNT,
}

const VALUES: usize = memory.data(512);
if (Parameter.COUNT * 4 > 512) ERROR("VALUES holds 128 parameters");

/** What `parameter` is set to. IRQL: any. */
export function queryParameter(parameter: Parameter): u32 {
  return load<u32>(VALUES + (<usize>parameter << 2));
}

/** Sets `parameter`; the drivers read most of them when they start. */
export function writeParameter(parameter: Parameter, value: u32): void {
  store<u32>(VALUES + (<usize>parameter << 2), value);
}
