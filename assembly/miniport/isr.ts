/** From the interrupt line to the DPC. */

import { at } from "../nt/embed";
import { KeInsertQueueDpc } from "../ke/dpc";
import { Card } from "./card";

/** MiniportISR: leaves everything to the DPC. IRQL: DIRQL. */
export function interruptService(context: usize): bool {
  KeInsertQueueDpc(at<Card>(context, 0).dpc);
  return true;
}
