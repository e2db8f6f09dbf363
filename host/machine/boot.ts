/** Boots a machine: loads its kernel, writes its registry, starts its drivers and its interface. */

import { instantiateKernel, loadModule } from '../kernel/load.js';
import type { Kernel } from '../kernel/load.js';
import { statusName } from '../kernel/status.js';
import { Clock } from './clock.js';
import { Machine } from './machine.js';
import { checkOptions, faultNumbers } from './options.js';
import type { MachineOptions, MachineParts, MachineSettings } from './options.js';
import { inTurn } from './processors.js';
import { Runner } from './run.js';
import type { UserMode } from './usermode.js';
import { Witness } from './witness.js';

const KEYS = 8;

/**
 * A machine that runs, its card plugged into `options.link`. `makeUser` makes its user mode.
 * @throws TypeError naming an option that is wrong; Error if the kernel cannot be had, is not one
 * that this host knows, or does not start.
 */
export async function bootMachine(
  options: MachineOptions,
  parts: MachineParts,
  makeUser: (machine: Machine) => UserMode,
): Promise<Machine> {
  const settings = checkOptions(options);
  const runner = parts.runner ?? new Runner(options.clock ?? new Clock());
  const module = options.module ?? (await loadModule(settings.target));
  const witness = new Witness(settings.name, options.onPreempt);
  witness.keepsStacks = options.captureSites ?? false;
  const bare = await instantiateKernel(module, witness);
  const kernel = options.tap?.(bare) ?? bare;
  witness.layout = kernel.layout;
  if (settings.faults.length > 0 && !kernel.checked) {
    throw new TypeError(`faults: the module has no ${settings.faults.join(', ')}`);
  }
  start(kernel, settings, options.captureSites ?? false);
  const strategy = options.strategy ?? inTurn();
  const { makeBatch } = parts;
  const machine = new Machine(kernel, settings, witness, runner, makeBatch, strategy, makeUser);
  for (const [i, card] of machine.cards.entries()) {
    const own = i === 0 ? undefined : options.cards?.[i - 1]?.link;
    const link = own ?? options.link;
    if (link !== undefined) card.plug(link);
  }
  machine.start();
  return machine;
}

function start(kernel: Kernel, settings: MachineSettings, captureSites: boolean): void {
  const { raw, layout } = kernel;
  writeRegistry(kernel, settings);
  if (kernel.checked) {
    for (const fault of faultNumbers(layout, settings.faults)) raw.setFault(fault, 1);
    if (captureSites) raw.wantSites(1);
  }
  mustSucceed(kernel, settings, 'boot', raw.boot(settings.processors));
  for (const [i, { macHigh, macLow }] of settings.cards.entries()) {
    mustSucceed(kernel, settings, 'its card', raw.addAdapter(i, macHigh, macLow, settings.mtu));
  }
}

function writeRegistry({ raw, layout }: Kernel, { parameters, random }: MachineSettings): void {
  const numbers = layout.enums.Parameter;
  const write = (name: string, value: number): void => {
    const number = numbers.get(name);
    if (number === undefined) throw new Error(`the kernel does not know the value ${name}`);
    raw.setParameter(number, value);
  };
  for (const [name, value] of parameters) write(name, value);
  const keys = random.stream('keys');
  for (let i = 0; i < KEYS; i++) write(`NtstackKey${i}`, keys.next());
}

function mustSucceed(
  kernel: Kernel, settings: MachineSettings, what: string, status: number,
): void {
  if (status >= 0) return;
  throw new Error(`${settings.name}: ${what} does not start: ${statusName(kernel.layout, status)}`);
}
