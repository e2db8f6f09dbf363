/** From the interrupt line to the DPC. */

import { KeInsertQueueDpc } from "../ke/dpc";
import { Card } from "./card";

/** MiniportISR: leaves everything to the DPC. IRQL: DIRQL. */
export function interruptService(context: usize): bool {
  KeInsertQueueDpc(changetype<Card>(context).dpc);
  return true;
}
