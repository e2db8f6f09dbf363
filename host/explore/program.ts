/**
 * A module as a scenario. It exports `setUp()`, `thread(index)` and `threads()` or `THREADS`, and
 * may export `configure(size, fixed)` for what comes in sizes or with its defect mended,
 * `check()` for what must hold at the end, `processorOf(index)` and `levelOf(index)` where actors
 * share processors or are interrupts, an enum `Actor` of their names, and the addresses of locks
 * as constants, by whose names they are told.
 */

import { Engine } from './engine.js';
import type { PointLevel } from './kinds.js';
import type { Actor, Scenario } from './scenario.js';

/** How a program is prepared. */
export interface ProgramOptions {
  readonly name?: string;
  readonly points?: PointLevel;
  /** For modules that come in sizes. */
  readonly size?: number;
  /** The twin without the defect. */
  readonly fixed?: boolean;
  /** Imports beside those of the kernel's library. */
  readonly imports?: Readonly<Record<string, Record<string, CallableFunction>>>;
}

/** An engine that stands before its first schedule. */
export interface Prepared {
  readonly engine: Engine;
  readonly scenario: Scenario;
}

/**
 * Instantiates a program and runs its `setUp`.
 * @throws TypeError that names the export that is missing or the option that it does not take.
 */
export function prepareProgram(
  module: WebAssembly.Module, options: ProgramOptions = {},
): Prepared {
  const engine = new Engine(module, options.points ?? 'locks', options);
  const { module: explored } = engine;
  const name = options.name ?? 'program';
  const needed = (what: string): ((...words: number[]) => number) => {
    const found = explored.callable(what);
    if (found === undefined) throw new TypeError(`${name} does not export ${what}()`);
    return found;
  };
  const configure = explored.callable('configure');
  if (configure !== undefined) configure(options.size ?? 0, options.fixed === true ? 1 : 0);
  else if (options.size !== undefined || options.fixed === true) {
    throw new TypeError(`${name} comes in no sizes and has no twin: it exports no configure()`);
  }
  const threads = explored.constant('THREADS') ?? needed('threads')();
  const processorOf = explored.callable('processorOf') ?? ((index: number) => index);
  const levelOf = explored.callable('levelOf') ?? (() => 0);
  const thread = needed('thread');
  const actors = Array.from({ length: threads }, (_, index): Actor => ({
    name: explored.findName('Actor', index)
      ?? `${levelOf(index) === 0 ? 'thread' : 'interrupt'} ${index}`,
    processor: processorOf(index),
    level: levelOf(index),
    steps: [{
      call: thread, words: [index],
      ...(levelOf(index) === 0 ? { after: () => explored.raw.noteThreadEnd?.() } : {}),
    }],
  }));
  const processors = Math.max(...actors.map(({ processor }) => processor)) + 1;
  const after = explored.callable('check');
  const scenario: Scenario = {
    name, processors, actors,
    octets: explored.raw.heapBase?.() ?? explored.stacksAt,
    ...(after === undefined ? {} : { after: () => void after() }),
  };
  explored.raw.initializeProcessors?.(Math.max(processors, 2));
  explored.raw.wantSites(1);
  needed('setUp')();
  explored.raw.wantSites(0);
  engine.prepare(scenario);
  return { engine, scenario };
}
