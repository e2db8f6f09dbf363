/** The I/O manager by itself: devices whose drivers are routines of the test. */

import { Floor } from '../floor.js';

/** What a driver does: the device and the IRP it gets, and the status it answers with. */
export type Driver = (device: number, irp: number) => number;

const NAMES = ['Ip', 'Tcp', 'Udp', 'Afd'];

/** The I/O manager of `module`, started, with no device. */
export class Requests {
  readonly floor: Floor;
  readonly success: number;
  readonly pending: number;
  readonly moreProcessing: number;
  readonly cancelled: number;
  private devices = 0;

  constructor(module: WebAssembly.Module, processors = 1) {
    this.floor = new Floor(module);
    const start = ['initializePool', 'initializeWorkQueue', 'initializeCancel', 'initializeIrps'];
    this.floor.call('initializeProcessors', processors);
    for (const each of start) this.floor.call(each);
    this.floor.onStop(() => this.floor.call('deleteIrpLists'));
    this.success = this.floor.value('Status.SUCCESS');
    this.pending = this.floor.value('Status.PENDING');
    this.moreProcessing = this.floor.value('Status.MORE_PROCESSING_REQUIRED');
    this.cancelled = this.floor.value('Status.CANCELLED');
  }

  /** A device with the driver `run`, whose IRP is marked where it keeps it; four at most. */
  device(run: Driver): number {
    const name = NAMES[this.devices++];
    if (name === undefined) throw new Error('there are only four names');
    const id = this.floor.routine((device, irp) => {
      const answer = run(device, irp);
      const kept = answer === this.pending && this.stateOf(irp) === 'IN_DRIVER';
      if (kept) this.floor.call('IoMarkIrpPending', irp);
      return answer;
    });
    const device = this.floor.call('createDevice', this.floor.value(`DeviceName.${name}`), id);
    // A device begins with its driver.
    this.floor.onStop(() => this.floor.call('ExFreePool', this.floor.word(device)));
    return device;
  }

  allocate(stackCount = 1): number {
    return this.floor.call('IoAllocateIrp', stackCount);
  }

  /** Sends `irp` to `device`, an internal device control with one parameter. */
  send(device: number, irp: number, parameter = 0): number {
    const next = this.floor.call('IoGetNextIrpStackLocation', irp);
    const major = this.floor.value('Major.INTERNAL_DEVICE_CONTROL');
    this.floor.call('setLocation', next, major, parameter);
    return this.floor.call('IoCallDriver', device, irp);
  }

  complete(irp: number, status: number, information = 0): number {
    this.floor.call('IoCompleteRequest', irp, status, information);
    return status;
  }

  /** Has `run` called when the next lower driver has completed `irp`. */
  onCompletion(irp: number, run: (irp: number) => number): void {
    this.floor.call('setCompletion', irp, this.floor.routine(run));
  }

  stateOf(irp: number): string {
    return this.floor.nameOf('IrpState', this.floor.call('stateOf', irp));
  }

  inUse(): number {
    return this.floor.call('irpsInUse');
  }

  lock(rank: string): number {
    const lock = this.floor.block(4);
    this.floor.call('KeInitializeSpinLock', lock, this.floor.value(`LockRank.${rank}`));
    return lock;
  }
}
