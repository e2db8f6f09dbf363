/** The verifier's rules of TDI's indications and of NetBT, in words (nt-facts 4.3, I1 to I4). */

import type { RuleText } from './rules.js';

/** In the order of their numbers. */
export const INDICATION_RULES: Readonly<Record<string, RuleText>> = {
  TDI_TAKEN: {
    kind: 'indication misuse',
    sentence: 'the client of connection $1 says that it took $2 octets of $3',
    meaning: 'The transport would leave out octets that nobody has had.',
    mend: 'BytesTaken is at most BytesAvailable: what a request takes later does not count in it.',
  },
  TDI_EARLY: {
    kind: 'indication misuse',
    sentence: 'the client of connection $1 was told of its end before it had taken $2 octets',
    meaning: 'The disconnect is the last event: what comes before it is lost.',
    mend: 'Hold the disconnect back until all received octets are taken.',
  },
  TDI_OUTSTANDING: {
    kind: 'indication misuse',
    sentence: 'connection $1 counts $2 octets as held for its client, and $3 are',
    meaning: 'Who waits for the count to become 0 waits for ever: no disconnect is told of.',
    mend: 'Count each octet once, those of headers and of messages without octets among them.',
  },
  TDI_COUNTED_TWICE: {
    kind: 'indication misuse',
    sentence: '$2 octets of a message of connection $1 went to its client, and $3 were left',
    meaning: 'Octets of the next message were taken for those of this one.',
    mend: 'Count down what is left of a message where octets go to its client, and only there.',
  },
  NBT_UNANSWERED: {
    kind: 'indication misuse',
    sentence: 'a session request was neither granted nor refused: its connection was reset',
    meaning: 'Who called learns nothing, and takes the name for one that cannot be reached.',
    mend: 'Answer with a negative response and its code, and close after it.',
  },
};
