/** The clock: the host gives the tick, a DPC plays the timers. */

import { Kdpc, KeInitializeDpc, KeInsertQueueDpc } from "./dpc";
import { Irql } from "./processor";
import { KeLowerIrql, KeRaiseIrql } from "./irql";
import { expireTimers, initializeTimers } from "./timer";

const DPC: usize = memory.data(32);
if (offsetof<Kdpc>() > 32) ERROR("DPC holds one Kdpc");
/** [0]: the tick that the clock interrupt brought last. */
const WORDS: usize = memory.data(8);

/** The tick that the last clock interrupt brought: it comes only when a timer wants it. */
export function interruptTick(): u32 {
  return load<u32>(WORDS);
}

/** Makes the clock and the timers. Once, at boot. */
export function initializeClock(): void {
  initializeTimers();
  store<u32>(WORDS, 0);
  KeInitializeDpc(changetype<Kdpc>(DPC), clockDpc, 0);
}

/** The clock interrupt: notes the tick and leaves the timers to its DPC. IRQL: < CLOCK_LEVEL. */
export function clockInterrupt(tick: u32): void {
  const irql = KeRaiseIrql(Irql.CLOCK);
  store<u32>(WORDS, tick);
  KeInsertQueueDpc(changetype<Kdpc>(DPC));
  KeLowerIrql(irql);
}

function clockDpc(dpc: Kdpc, context: usize): void {
  expireTimers(interruptTick());
}
