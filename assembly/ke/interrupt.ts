/** Interrupt lines: each has one service routine, which runs at the level of devices. */

import { Boundary } from "../vf/rule";
import { routineBegins, routineEnds } from "./boundary";
import { Irql, KeGetCurrentPrcb } from "./processor";
import { KeLowerIrql, KeRaiseIrql } from "./irql";

/** What a card's interrupt does; true when it was the card's. IRQL: DIRQL. */
export type ServiceRoutine = (context: usize) => bool;

/** KINTERRUPT. */
@unmanaged
export class KInterrupt {
  routine: ServiceRoutine;
  context: usize;
  /** 1 while connected. */
  connected: u32;
}

/** Interrupt lines of a machine: a power of two. */
export const LINES: u32 = 16;
const TABLE: usize = memory.data(256);

function lineOf(line: u32): KInterrupt {
  return changetype<KInterrupt>(TABLE + (<usize>line << 4));
}

/** Gives `line` a service routine; false when it has one. IRQL: PASSIVE_LEVEL. */
export function IoConnectInterrupt(line: u32, routine: ServiceRoutine, context: usize): bool {
  const interrupt = lineOf(line);
  if (line >= LINES || interrupt.connected) return false;
  interrupt.routine = routine;
  interrupt.context = context;
  interrupt.connected = 1;
  return true;
}

export function IoDisconnectInterrupt(line: u32): void {
  if (line < LINES) lineOf(line).connected = 0;
}

/** The interrupt of `line` on the running processor; DPCs run before this returns, if they may. */
export function deliverInterrupt(line: u32): void {
  const interrupt = lineOf(line & (LINES - 1));
  if (!interrupt.connected) return;
  const prcb = KeGetCurrentPrcb();
  const irql = KeRaiseIrql(Irql.DEVICE);
  prcb.interruptCount++;
  const before = VERIFIER ? routineBegins() : 0;
  interrupt.routine(interrupt.context);
  if (VERIFIER) routineEnds(Boundary.ISR, before, Irql.DEVICE);
  KeLowerIrql(irql);
}
