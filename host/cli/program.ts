/** A program of options: what it is asked for wrongly is one line that lists what is right. */

import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { WrongUse, oneLine } from './wronguse.js';

const UNKNOWN = new Set(['commander.unknownOption', 'commander.excessArguments']);

/**
 * Reads `args`, and does what they ask for. Gives the exit code: what `act` gives, 2 for wrong use,
 * 1 for anything else that is thrown; both with one line on standard error.
 */
export async function runProgram(
  program: Command, args: readonly string[], act: () => Promise<number>,
): Promise<number> {
  program
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => {} });
  try {
    program.parse(args, { from: 'user' });
    return await act();
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const isWrongUse = thrown instanceof CommanderError || thrown instanceof WrongUse;
    const words = oneLine(thrown).replace(/^error: /, '').replace(/\.$/, '');
    const isUnknown = thrown instanceof CommanderError && UNKNOWN.has(thrown.code);
    const list = isUnknown ? `; ${allowed(program)}` : '';
    process.stderr.write(`${program.name()}: ${words}${list}\n`);
    return isWrongUse ? 2 : 1;
  }
}

/** What a program takes: its arguments, then its options. */
function allowed(program: Command): string {
  const words = [
    ...program.registeredArguments.map(({ description }) => description),
    ...program.options.map(({ flags }) => flags),
  ];
  return `there are ${words.join(', ')}`;
}
