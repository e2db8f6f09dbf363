/** From descriptors to indications, a batch at a time. */

import { at } from "../nt/embed";
import { InterlockedCompareExchange, InterlockedExchange } from "../ex/interlocked";
import { Kdpc, KeInsertQueueDpc } from "../ke/dpc";
import { NdisMIndicateReceivePacket } from "../ndis/receive";
import { Card, Service } from "./card";
import { BATCH_FRAMES, descriptorAt } from "./ring";
import { reclaim } from "./send";

/** Batches that one DPC indicates at most; then others have their turn. */
const ROUNDS: u32 = 8;

/**
 * MiniportHandleInterrupt: lets go of what was sent, indicates what came; both again where the
 * line was raised meanwhile, which does not say for which of them. IRQL: DISPATCH_LEVEL.
 */
export function receiveDpc(dpc: Kdpc, context: usize): void {
  const card = at<Card>(context, 0);
  for (let round: u32 = 0; round < ROUNDS; round++) {
    reclaim(card);
    if (!indicateBatch(card) && isServed(card)) return;
  }
  KeInsertQueueDpc(dpc);
}

/** True where the line was not raised again: the next interrupt queues the DPC. */
function isServed(card: Card): bool {
  const word = card.serviceWord;
  if (InterlockedCompareExchange(word, Service.IDLE, Service.DUE) == Service.DUE) return true;
  InterlockedExchange(word, Service.DUE);
  return false;
}

/** Indicates up to BATCH_FRAMES frames that lie beside one another; false when there are none. */
function indicateBatch(card: Card): bool {
  const ring = card.receiveRing;
  let count = ring.produced - ring.consumed;
  if (count == 0) return false;
  const toEnd = ring.slots - (ring.consumed & (ring.slots - 1));
  if (count > toEnd) count = toEnd;
  if (count > BATCH_FRAMES) count = BATCH_FRAMES;
  const first = changetype<usize>(descriptorAt(ring, ring.consumed));
  NdisMIndicateReceivePacket(card, first, count);
  ring.consumed += count;
  return true;
}
