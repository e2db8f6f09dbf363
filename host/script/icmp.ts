/** The words that scripts have for ICMP messages, and their numbers (RFC 792, RFC 1812). */

/** Types of ICMP by the words of scripts. */
export const ICMP_TYPES: Readonly<Record<string, number>> = {
  unreachable: 3, source_quench: 4, redirect: 5, time_exceeded: 11, parameter_problem: 12,
};

/** Codes of each type by the words of scripts. */
export const ICMP_CODES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  unreachable: {
    net_unreachable: 0, host_unreachable: 1, protocol_unreachable: 2, port_unreachable: 3,
    frag_needed: 4, source_route_failed: 5, net_unknown: 6, host_unknown: 7,
    source_host_isolated: 8, net_prohibited: 9, host_prohibited: 10,
    net_unreachable_for_tos: 11, host_unreachable_for_tos: 12, packet_filtered: 13,
    precedence_violation: 14, precedence_cutoff: 15,
  },
  time_exceeded: { exc_ttl: 0, exc_fragtime: 1 },
};
