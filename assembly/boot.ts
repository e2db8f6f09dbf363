/** The order in which the kernel starts and stops; binds protocols to adapters. */

import { Event } from "./trace/event";
import { trace } from "./trace/ring";
import { NTSTATUS, NT_SUCCESS, Status } from "./nt/status";
import * as afd from "./afd/driver";
import { initializeCancel } from "./io/cancel";
import { deleteIrpLists, initializeIrps } from "./io/irp";
import { initializePool, reportPoolLeaks } from "./ex/pool";
import { initializeWorkQueue, runWorkItems, waitingWorkItems } from "./ex/workitem";
import { initializeClock } from "./ke/clock";
import { MAXIMUM_PROCESSORS, initializeProcessors } from "./ke/processor";
import { MAXIMUM_ADAPTERS } from "./ndis/adapter";
import { haltCard } from "./miniport/driver";
import { deleteControls } from "./netbios/control";
import { deleteNames } from "./netbios/name";
import * as netbios from "./netbios/driver";
import * as netbt from "./netbt/driver";
import * as tcpip from "./tcpip/driver";

/** Work items that the end of the machine waits for at most. */
const LAST_ITEMS: u32 = 1 << 20;

/**
 * Starts the kernel on `processors` processors; the registry has been written. Cards come after.
 * INVALID_PARAMETER: too many or no processors; INSUFFICIENT_RESOURCES: no memory.
 */
export function boot(processors: u32): NTSTATUS {
  if (processors == 0 || processors > MAXIMUM_PROCESSORS) return Status.INVALID_PARAMETER;
  initializeProcessors(processors);
  initializePool();
  initializeClock();
  initializeWorkQueue();
  initializeCancel();
  initializeIrps();
  trace(Event.BOOT, processors, 0, 0);
  let status = tcpip.DriverEntry();
  if (NT_SUCCESS(status)) status = netbt.DriverEntry();
  if (NT_SUCCESS(status)) netbios.DriverEntry();
  return NT_SUCCESS(status) ? afd.DriverEntry() : status;
}

/** Stops the kernel: every driver unloads, and gives back what it has. IRQL: PASSIVE_LEVEL. */
export function halt(): void {
  runWorkItems(LAST_ITEMS);
  netbios.unloadDriver();
  deleteNames();
  if (waitingWorkItems()) runWorkItems(LAST_ITEMS);
  // Before the transport below: it has objects of that one open.
  netbt.unloadDriver();
  deleteControls();
  if (waitingWorkItems()) runWorkItems(LAST_ITEMS);
  tcpip.unloadDriver();
  if (waitingWorkItems()) runWorkItems(LAST_ITEMS);
  afd.unloadDriver();
  for (let i: u32 = 0; i < MAXIMUM_ADAPTERS; i++) haltCard(i);
  deleteIrpLists();
  reportPoolLeaks();
  trace(Event.HALT, 0, 0, 0);
}
