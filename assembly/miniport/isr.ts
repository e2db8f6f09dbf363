/** From the interrupt line to the DPC. */

import { at } from "../nt/embed";
import { InterlockedCompareExchange, InterlockedExchange } from "../ex/interlocked";
import { KeInsertQueueDpc } from "../ke/dpc";
import { Card, Service } from "./card";

/**
 * MiniportISR: leaves everything to the DPC. One that runs already, on whichever processor, is
 * told to look again, as NDIS keeps a card's interrupt disabled until its DPC is over.
 * IRQL: DIRQL.
 */
export function interruptService(context: usize): bool {
  const card = at<Card>(context, 0);
  if (InterlockedCompareExchange(card.serviceWord, Service.DUE, Service.IDLE) == Service.IDLE) {
    KeInsertQueueDpc(card.dpc);
  } else if (InterlockedExchange(card.serviceWord, Service.AGAIN) == Service.IDLE) {
    // It ended between the two: nobody would look.
    InterlockedExchange(card.serviceWord, Service.DUE);
    KeInsertQueueDpc(card.dpc);
  }
  return true;
}
