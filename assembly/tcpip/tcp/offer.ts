/** Options as they go out: what our SYN offers or agrees to, timestamps, blocks. */

import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { ALIGNED_TIMESTAMPS, MSS_OPTION, SACK_BLOCK } from "../../wire/tcpoption";
import { SACK_PERMITTED_OPTION, SCALE_OPTION, TIMESTAMPS_OPTION } from "../../wire/tcpoption";
import { alignedSack, writeAlignedStamps, writeEnd, writeMss } from "../../wire/tcpoption";
import { writeNop, writeSackHead, writeSackPermitted, writeScale } from "../../wire/tcpoption";
import { writeStamps } from "../../wire/tcpoption";
import { countBlocksLocked, writeBlocksLocked } from "./sack";
import { Tcb, TcbFlag } from "./tcb";
import { stampLocked } from "./timestamp";

/** What a header has room for. */
const MOST: u32 = 40;
/** What makes a connection's segments carry options. */
export const CARRIES: u32 = TcbFlag.TIMESTAMPS | TcbFlag.SACK_DUE;

/** Octets of options of a segment with these flags and `length` octets of text. */
export function optionOctetsLocked(tcb: Tcb, flags: u32, length: u32): u32 {
  mustHold(tcb.lock);
  if (flags & TcpFlag.RST) return 0;
  if (flags & TcpFlag.SYN) return synOctetsLocked(tcb);
  const stamps: u32 = tcb.flags & TcbFlag.TIMESTAMPS ? ALIGNED_TIMESTAMPS : 0;
  const blocks = tcb.flags & TcbFlag.SACK_DUE ? blocksFittingLocked(tcb, stamps, length) : 0;
  return blocks ? stamps + alignedSack(blocks) : stamps;
}

function synOctetsLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  let octets: u32 = MSS_OPTION;
  if (tcb.flags & TcbFlag.SCALE) octets += SCALE_OPTION + 1;
  if (tcb.flags & TcbFlag.SACK) octets += SACK_PERMITTED_OPTION;
  if (tcb.flags & TcbFlag.TIMESTAMPS) octets += TIMESTAMPS_OPTION;
  return (octets + 3) & ~3;
}

/** Blocks that fit behind `stamps` octets, and before text that may be as long as a segment. */
function blocksFittingLocked(tcb: Tcb, stamps: u32, length: u32): u32 {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (extension == null) return 0;
  const count = countBlocksLocked(tcb, extension);
  const mss = <u32>tcb.mss;
  const byText = length == 0 ? MOST : length < mss ? mss - length : 0;
  const byHeader = MOST - stamps;
  const room = byText < byHeader ? byText : byHeader;
  const head = alignedSack(0);
  const fitting = room > head ? (room - head) / SACK_BLOCK : 0;
  return count < fitting ? count : fitting;
}

/** Writes `octets` octets of options at `at`, as `optionOctetsLocked` counted them. */
export function writeOptionsLocked(
  tcb: Tcb, at: usize, octets: u32, flags: u32, mss: u32,
): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  if (flags & TcpFlag.SYN) {
    writeSynLocked(tcb, at, octets, flags, mss);
    return;
  }
  if (extension == null) return;
  let done: u32 = 0;
  if (tcb.flags & TcbFlag.TIMESTAMPS) {
    done = writeAlignedStamps(at, stampLocked(tcb, extension), extension.tsRecent);
    extension.lastAckSent = tcb.rcvNxt;
  }
  if (octets == done) return;
  const head = alignedSack(0);
  const blocks = (octets - done - head) / SACK_BLOCK;
  done += writeSackHead(at + done, blocks);
  writeBlocksLocked(tcb, extension, at + done, blocks);
  countBlocksLocked(tcb, extension);
}

function writeSynLocked(tcb: Tcb, at: usize, octets: u32, flags: u32, mss: u32): void {
  mustHold(tcb.lock);
  const extension = tcb.extension;
  let done = writeMss(at, mss);
  if (tcb.flags & TcbFlag.SCALE) {
    done += writeNop(at + done);
    done += writeScale(at + done, tcb.rcvShift);
  }
  if (tcb.flags & TcbFlag.SACK) done += writeSackPermitted(at + done);
  if ((tcb.flags & TcbFlag.TIMESTAMPS) != 0 && extension != null) {
    const echo = flags & TcpFlag.ACK ? extension.tsRecent : 0;
    done += writeStamps(at + done, stampLocked(tcb, extension), echo);
  }
  while (done < octets) done += writeEnd(at + done);
}
