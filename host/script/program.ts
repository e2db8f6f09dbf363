/** What a script's calls, commands and assertions work on. */

import type { Machine } from '../machine/machine.js';
import type { Settings } from './settings.js';
import type { Sockets } from './sockets.js';
import type { Sysctls } from './sysctl.js';

/** The program that a script is. */
export interface Program {
  readonly machine: Machine;
  readonly sockets: Sockets;
  readonly sysctls: Sysctls;
  readonly settings: Settings;
  /** Ends all connections that are in a state, or all there are, without a word to their peers. */
  dropConnections(state: string | undefined): void;
}
