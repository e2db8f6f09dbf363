/**
 * The registry values that the drivers read: range, unit and defaults, each with where it is from.
 * Order and names are those of `Parameter` in assembly/ex/registry.ts; a test compares the two.
 *
 * "Q" and a number is an article of Microsoft's Knowledge Base; "Windows 2000 reference" its
 * Registry Reference of 2000; "ours" is what no public source settles, with the reason.
 */

import { NETBT } from './netbtparameters.js';
import { DWORD, entry } from './parameter.js';
import type { ParameterEntry } from './parameter.js';

/** When a SYN is refused, or the queue of the half open is long (Q142641). */
const SYN_ATTACK: readonly ParameterEntry[] = [
  entry('SynAttackProtect', [0, 2], '',
    '0 off; 1 fewer SYN-ACKs, late route entry; 2 also a late indication to the listener',
    ['nt35', 0, 'Q142641']),
  // The pages differ on which product has 100 and which 500: 100 is Workstation's in all of them.
  entry('TcpMaxHalfOpen', [100, 0xffff], 'connections',
    'half-open connections beyond which protection may begin',
    ['nt35', 100, 'Q142641; 500 on some servers']),
  entry('TcpMaxHalfOpenRetried', [80, 0xffff], 'connections',
    'half-open connections that repeated a SYN-ACK, beyond which protection may begin',
    ['nt35', 80, 'Q142641; 400 on some servers']),
  entry('TcpMaxPortsExhausted', [0, 0xffff], 'requests',
    'connections refused for want of backlog, beyond which protection may begin',
    ['nt35', 5, 'Windows 2000 reference']),
  // Q142641 gives the fixed driver 2 in its table of values and 3 in its text. 3 is taken: it
  // keeps the 45 s that the same article counts through, and SynAttackProtect needs at least 2.
  entry('TcpMaxConnectResponseRetransmissions', [0, DWORD], 'segments',
    'how often a SYN-ACK is repeated: after 3, 6, 12 … seconds',
    ['nt35', 5, 'Q142641: unfixed, 3, 6, 12, 24 and 48 s'],
    ['nt40sp3', 3, 'Q142641: its text; its table says 2'],
    ['modern', 5, 'ours: what Linux does']),
];

/** Connections: how long, how many, how often. */
const TCP: readonly ParameterEntry[] = [
  entry('TcpMaxConnectRetransmissions', [0, DWORD], 'segments',
    'how often a SYN is repeated before the connect fails',
    ['nt35', 3, 'Q120642, Q175523'],
    ['modern', 6, 'ours: what Linux does']),
  entry('TcpMaxDataRetransmissions', [0, DWORD], 'segments',
    'how often a segment is repeated before the connection is given up',
    ['nt35', 5, 'Q120642'],
    ['modern', 15, 'RFC 1122 4.2.3.5: at least 100 s; 5 of our shorter time-outs are 13 s']),
  entry('TcpNumConnections', [0, 0xfffffe], 'connections',
    'connections open at once',
    ['nt35', 0xfffffe, 'Q120642']),
  entry('TcpTimedWaitDelay', [30, 300], 'seconds',
    'how long a closed connection stays in TIME-WAIT',
    ['nt35', 240, 'Q120642, Q149532'],
    ['modern', 60, 'ours: what Linux does']),
  // NT 4.0 has no window scale (Q199947): without it 65535 is all that the field holds.
  entry('TcpWindowSize', [0, 0x3fffffff], 'octets',
    'receive window; 0: the smaller of 65535 and max(4 * MSS, 8192 rounded up to whole MSS)',
    ['nt35', 0, 'Q120642'],
    ['modern', 0x10000, 'ours: what FreeBSD begins with']),
  entry('MaxUserPort', [5000, 0xffff], '',
    'highest port given to who asks for any; the lowest is 1024',
    ['nt35', 5000, 'Q149532; documented to 65534'],
    ['modern', 0xffff, 'ours: all of them']),
  // The registry reference allows 0: a time-out of nothing. TCP's timer runs every 100 ms.
  entry('TcpInitialRTT', [100, 0xffff], 'milliseconds',
    'retransmission time-out before the first measurement',
    ['nt35', 3000, 'Q223450, RFC 1122 4.2.3.1'],
    ['modern', 1000, 'RFC 6298 2.1']),
  entry('TcpMaxDupAcks', [0, 3], 'segments',
    'duplicate acknowledgements that start a fast retransmission; 0: none does',
    ['nt35', 0, 'Q170359: fast retransmit came with SP2'],
    ['nt40sp2', 2, 'Q170359'],
    ['modern', 3, 'RFC 5681 3.2']),
  // Documented from Windows 2000 on. 32 is ours, and the kernel's MAXIMUM_PARTITIONS.
  entry('NumTcbTablePartitions', [1, 32, 'power of two'], '',
    'parts of the connection table, each under its own lock',
    ['nt35', 1, 'Q171181: one table, one lock'],
    ['modern', 4, 'ours: two locks for each of two processors']),
  entry('MaxHashTableSize', [64, 65536, 'power of two'], 'slots',
    'slots of each part of the connection table at first; it grows',
    ['nt35', 512, 'Windows 2000 reference']),
];

/** IP, and what keeps an idle connection alive. */
const IP: readonly ParameterEntry[] = [
  entry('DefaultTTL', [1, 255], 'hops',
    'time to live of the datagrams sent',
    ['nt35', 32, 'Q120642'],
    ['nt40', 128, 'Q120642']),
  entry('EnablePMTUDiscovery', [0, 1], '',
    '1: find the path\'s MTU (RFC 1191); 0: 576 octets to what is not local',
    ['nt35', 1, 'Q120642']),
  entry('KeepAliveTime', [1, DWORD], 'milliseconds',
    'silence before the first keep-alive, where the client asked for them',
    ['nt35', 7_200_000, 'Q120642']),
  entry('KeepAliveInterval', [1, DWORD], 'milliseconds',
    'time between keep-alives that are not answered',
    ['nt35', 1000, 'Q120642']),
];

/** Neighbours, acknowledgements that wait, and the card. */
const CARD: readonly ParameterEntry[] = [
  entry('ArpCacheLife', [0, DWORD], 'seconds',
    'life of an ARP entry that is not used',
    ['nt35', 120, 'Q139415']),
  // A hotfix for NT 4.0 made the ten minutes a value; before, they were a constant (nt-facts 3.7).
  entry('ArpCacheMinReferencedLife', [0, DWORD], 'seconds',
    'life of an ARP entry in use; ArpCacheLife where that is longer',
    ['nt35', 600, 'Q139415, nt-facts 3.7']),
  entry('NtstackArpRequests', [1, 3], 'requests',
    'ARP requests sent, a second apart, before an address counts as absent',
    ['nt35', 3, 'ours: what NT is known to send (nt-facts 3.7); no article says so']),
  entry('TcpDelAckTicks', [0, 6], '100 ms',
    'how long an acknowledgement may wait for company; 0: not at all',
    ['nt35', 2, 'nt-facts 3.5: 200 ms; Windows 2000 reference'],
    ['modern', 1, 'ours: of whole ticks the nearest to the 40 ms of Linux']),
  entry('MTU', [68, 1500], 'octets',
    'largest datagram the card sends; RFC 791 asks for 68, Ethernet allows 1500',
    ['nt35', 1500, 'Q120642: the medium\'s']),
];

/** Options of TCP, and who may disturb a connection. */
const OPTIONS: readonly ParameterEntry[] = [
  entry('Tcp1323Opts', [0, 3], '',
    'RFC 7323: 1 window scale, 2 timestamps, 3 both',
    ['nt35', 0, 'Q199947: not in NT 4.0'],
    ['modern', 3, 'RFC 7323']),
  entry('SackOpts', [0, 1], '',
    '1: selective acknowledgements (RFC 2018, RFC 2883)',
    ['nt35', 0, 'white paper: new in Windows 2000'],
    ['modern', 1, 'RFC 2018']),
  entry('Protect5961', [0, 1], '',
    '1: a RST must be exact, a SYN and an old ACK are only answered (RFC 5961); 0: RFC 793',
    ['nt35', 0, 'ours: RFC 793; RFC 5961 is of 2010'],
    ['modern', 1, 'RFC 5961']),
  entry('EnablePMTUBHDetect', [0, 1], '',
    '1: a segment that vanishes three times is sent again in pieces of 536 octets',
    ['nt35', 0, 'Q120642']),
  entry('CongestionAlgorithm', [0, 1], '',
    '0 Reno (RFC 5681), 1 CUBIC (RFC 9438)',
    ['nt35', 0, 'nt-facts 3.2: slow start and congestion avoidance'],
    ['modern', 1, 'RFC 9438']),
  entry('EnableRack', [0, 1], '',
    '1: losses are found by time, and the tail is probed (RFC 8985); where SACK was agreed on',
    ['nt35', 0, 'ours: RFC 8985 is of 2021'],
    ['modern', 1, 'RFC 8985']),
];

/** What no source settles: ours, written down as a setting. */
const OURS: readonly ParameterEntry[] = [
  entry('NtstackInitialWindowSegments', [1, 64], 'segments',
    'segments in the first flight of a connection',
    ['nt35', 2, 'ours: NT 4.0 sent 1 or 2, Windows 2000 sent 2 (nt-facts 3.2)'],
    ['modern', 10, 'RFC 6928 2']),
  // "Some hundreds of ms" on a LAN (nt-facts 3.2). 300 is the least that a peer's delayed
  // acknowledgement (200 ms) and one period of TCP's timer (100 ms) cannot trip.
  entry('NtstackMinimumRto', [10, 60_000], 'milliseconds',
    'the least a retransmission time-out becomes',
    ['nt35', 300, 'ours: a delayed acknowledgement and a period of the timer'],
    ['modern', 200, 'ours: what Linux does; RFC 6298 2.4 wants 1000']),
  entry('NtstackMaximumRto', [1000, 600_000], 'milliseconds',
    'the most a retransmission time-out becomes',
    ['nt35', 240_000, 'white paper, retransmission (nt-facts 3.2)'],
    ['modern', 60_000, 'RFC 6298 2.5']),
  // nmap's database has about 1000 a second for NT 3.51 and 4.0 to SP3, and for SP5 many more that
  // vary by some thousands; with what became of them after SP6a they are as good as random.
  entry('NtstackIsnMode', [0, 3], '',
    'initial sequence numbers: 0 a clock of 4 us, 1 and a key (RFC 6528), 2 of 1 ms, 3 and a bit',
    ['nt35', 2, 'Q192292: predictable to SP3; nmap: ISR'],
    ['nt40sp4', 3, 'Q192292: less so; nmap: SP and ISR of SP5; how is ours'],
    ['nt40sp6a', 1, 'Q243835, MS99-046: random; the key is ours']),
  entry('NtstackRefusedRetryDelay', [0, 60_000], 'milliseconds',
    'time between the SYNs to a port that answers with RST; 0: none follows',
    ['nt35', 500, 'ours: about half a second is observed (nt-facts 0.1); Q175523 has no figure'],
    ['modern', 0, 'RFC 9293 3.10.7.3: a RST that acknowledges our SYN ends the connect']),
  entry('NtstackReassemblyOctets', [65_535, 0x4000000], 'octets',
    'what IP may hold in datagrams not yet whole; never less than one whole one',
    ['nt35', 262_144, 'ours: four of the largest datagrams; no source']),
  entry('NtstackWindowShift', [0, 14], 'bits',
    'the least window shift offered, where one is (Tcp1323Opts)',
    ['nt35', 0, 'ours: no more than TcpWindowSize needs'],
    ['modern', 6, 'ours: what FreeBSD offers']),
  entry('NtstackChallengeAcks', [1, 255], 'segments a second',
    'challenges (RFC 5961) that one connection sends',
    ['nt35', 5, 'ours: RFC 5961 7 asks for a limit, FreeBSD has this one']),
  entry('NtstackChallengeAcksPerSecond', [2, 0xffff], 'segments a second',
    'challenges that all connections send; half of it at least, how many nobody can know',
    ['nt35', 1000, 'ours: RFC 5961 7 asks for a limit, Linux has this one']),
  entry('NtstackLimitedTransmit', [0, 1], '',
    '1: the first two duplicate acknowledgements let a new segment go each (RFC 3042)',
    ['nt35', 0, 'ours: RFC 3042 is of 2001'],
    ['modern', 1, 'RFC 3042']),
  entry('NtstackIdleRestart', [0, 1], '',
    '1: after a time-out of silence the congestion window is that of the first flight again',
    ['nt35', 0, 'ours: no source says that NT did it'],
    ['modern', 1, 'RFC 5681 4.1']),
  entry('NtstackProhibitedIsHard', [0, 1], '',
    '1: a connect ends when a router says that it is prohibited',
    ['nt35', 0, 'ours: no source says that NT did it'],
    ['modern', 1, 'ours: what FreeBSD does; RFC 1122 3.2.2.1 has the codes']),
  entry('NtstackSynDropOptions', [0, 1], '',
    '1: from its third repetition on a SYN has no options but its MSS',
    ['nt35', 0, 'ours: nothing to drop; RFC 9293 3.2 makes peers skip what they do not know']),
  entry('NtstackEcn', [0, 2], '',
    'RFC 3168: 0 off, 1 offered and agreed to, 2 agreed to where the peer offers it',
    ['nt35', 0, 'ours: RFC 3168 is of 2001'],
    ['modern', 2, 'ours: what Linux and FreeBSD do; RFC 3168']),
  entry('NtstackEcnRetries', [0, 255], 'segments',
    'repetitions of a SYN that still offer ECN',
    ['nt35', 1, 'ours: RFC 3168 6.1.1.1 asks for one without, FreeBSD has it second']),
  entry('NtstackDelayedAckMs', [0, 500], 'milliseconds',
    'how long an acknowledgement may wait, where TcpDelAckTicks lets it; 0: as that says',
    ['nt35', 0, 'nt-facts 3.5: TcpDelAckTicks'],
    ['modern', 40, 'ours: what Linux and FreeBSD do']),
  entry('NtstackDropSynFin', [0, 1], '',
    '1: a SYN with a FIN opens no connection',
    ['nt35', 0, 'RFC 9293 3.10.7.2: the FIN is kept or ignored']),
  entry('NtstackExactWindow', [0, 1], '',
    '1: the window says what is free while half of it is; 0: it always grows by whole segments',
    ['nt35', 0, 'RFC 9293 3.8.6.2.2'],
    ['modern', 1, 'ours: what FreeBSD and Linux do; RFC 9293 3.8.6.2.2 is kept below half']),
  // Drivers of cards had such a value, each by a name of its own. 512 is ndis/packet.ts's PACKETS.
  entry('NtstackSendPackets', [8, 512], 'packets',
    'packets the card has for frames on their way out',
    ['nt35', 512, 'ours: twice the slots of its transmit ring']),
  entry('NtstackCrossedFin', [0, 1], '',
    '1: where both FINs cross, ours goes once more, and the peer\'s is heard once more',
    ['nt35', 0, 'RFC 9293 3.10.7.4, eighth: an acknowledgement'],
    ['modern', 1, 'ours: what FreeBSD does; RFC 9293 lets a FIN be sent again at any time']),
  entry('NtstackClientBlocks', [0, 1000], 'connections',
    'connection blocks that each client with a listener adds to the two that NetBT has',
    ['nt35', 5, 'ours: Q142641 has 2 and what clients add, 7 to 11 on a typical server']),
  entry('NtstackSessionBlocks', [0, 1], '',
    '1: a session keeps its connection block from the pool; 0: another takes its place',
    ['nt35', 1, 'ours: Q126560 and Q141344 ask for it'],
    ['nt40', 0, 'ours: Q141344 is over']),
  entry('NtstackZeroLengthCount', [0, 1], '',
    'which count Q126560 forgets a header in: 0 what TCP is told was taken, 1 what NetBT has',
    ['nt35', 0, 'ours: Q126560 does not say; nt-facts 11.4 has both']),
  entry('NtstackSynCache', [0, 65_535], 'connections',
    'half-open connections kept without a control block at most (RFC 4987 3.4); 0: none are',
    ['nt35', 0, 'ours: NT keeps control blocks (Q142641)'],
    ['modern', 4096, 'ours: 48 octets each']),
  entry('NtstackSynCookies', [0, 1], '',
    '1: where NtstackSynCache has no room, SYNs are answered with cookies (RFC 4987 3.6)',
    ['nt35', 0, 'ours: RFC 4987 is of 2007'],
    ['modern', 1, 'RFC 4987 3.6']),
];

/** By what scanners tell a stack: "nmap" is its database of fingerprints, of real machines. */
const LOOKS: readonly ParameterEntry[] = [
  entry('NtstackIdLowFirst', [0, 1], '',
    '1: IP\'s identifications have the processor\'s order of octets, the lowest first',
    ['nt35', 1, 'nmap: TI=BI of NT 3.51 and 4.0'],
    ['modern', 0, 'ours: what is only compared has no order in RFC 791']),
  entry('NtstackEchoKeepsDf', [0, 1], '',
    '1: an echo reply has the don\'t-fragment bit of its request',
    ['nt35', 1, 'nmap: DFI=S of NT 3.51 and 4.0'],
    ['modern', 0, 'ours: what Linux does']),
  entry('NtstackListenerResets', [0, 1], '',
    '1: a listener answers what has neither SYN nor ACK with a RST; 0: not at all',
    ['nt35', 1, 'nmap: T2 of NT 3.51 and 4.0; FIN scans find no open port of Windows'],
    ['modern', 0, 'RFC 9293 3.10.7.2, fourth: dropped']),
  entry('NtstackResetAck', [0, 2], '',
    'the acknowledgment of a RST that has none: 0 zero, 1 the last answer\'s, 2 the segment\'s',
    ['nt35', 1, 'nmap: T4 and T6 of NT 3.51 and of 4.0 to SP3, A=S+; where it is from is ours'],
    ['nt40sp5', 2, 'nmap: T4 and T6 of NT 4.0 SP5 to SP6a, A=O; where it is from is ours'],
    ['modern', 0, 'ours: what Linux and FreeBSD do']),
];

/** All values that can be set. */
export const PARAMETERS: readonly ParameterEntry[] = [
  ...SYN_ATTACK, ...TCP, ...IP, ...CARD, ...OPTIONS, ...NETBT, ...OURS, ...LOOKS,
];
