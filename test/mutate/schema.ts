/**
 * One kernel with all mutants in it: each stands behind its number, and a global variable that the
 * host imports into every instance says which of them is on; 0: none is.
 */

import ts from 'typescript';
import type { Mutant } from './mutant.js';
import type { Site } from './site.js';

/** Text that is put into a file. `#` stands for the number of the mutant. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Whether it opens what ends elsewhere, closes that, or is complete in itself. */
  readonly role: 'copy' | 'open' | 'close' | 'word';
  /** Of what is opened and closed: how long. What is longer stands outside. */
  readonly length: number;
}

/** Where the copy asks for its number. */
export const SWITCH = 'assembly/nt/mutant.ts';

/** What stands there. */
export const SWITCH_TEXT = `/** Which mutant is on. */

@external("mutant", "number") declare let number: u32;
@external("mutant", "recording") declare let recording: u32;
@external("mutant", "reached") declare function reached(mutant: u32): void;

/** Whether mutant \`mutant\` is on. Tells the host that it came here, if it wants that. */
export function isMutant(mutant: u32): bool {
  if (recording) reached(mutant);
  return number == mutant;
}
`;

/** A statement that is not done, or an expression that gives \`instead\`. */
export function switchedRemoval(node: ts.Node, instead: string | null): Insertion[] {
  return instead === null ? around(node, '{if (!isMutant(#)) ', '}')
    : around(node, `(isMutant(#) ? ${instead} : `, ')');
}

/** A statement that is done on the other side of \`past\`; null where its text cannot be copied. */
export function switchedMove(
  site: Site, carrier: ts.Statement, past: ts.Statement, change: 'earlier' | 'later',
  without: string | null,
): Insertion[] | null {
  const { statement, node, source } = site;
  if (carrier.getText().includes('//')) return null;
  const rest = { role: 'copy', length: 0 } as const;
  if (ts.isReturnStatement(past)) {
    const given = past.expression?.getText() ?? '0';
    const text = `if (isMutant(#)) {const given# = ${given}; ${oneLine(carrier)} return given#;} `;
    return [
      ...around(carrier, '{if (!isMutant(#)) ', '}'),
      { at: past.getStart(source.tree), text, ...rest },
    ];
  }
  const copy = (text: string): Insertion => change === 'later'
    ? { at: past.end, text: ` if (isMutant(#)) {${text}}`, ...rest }
    : { at: past.getStart(source.tree), text: `if (isMutant(#)) {${text}} `, ...rest };
  if (statement === null || !ts.isVariableStatement(statement)) {
    return [...around(carrier, '{if (!isMutant(#)) ', '}'), copy(oneLine(carrier))];
  }
  if (change === 'earlier') {
    if (without === null) return null;
    const at = past.getStart(source.tree);
    const text = `const early# = isMutant(#) ? ${oneLine(node)} : ${without}; `;
    return [{ at, text, ...rest }, ...around(node, '(isMutant(#) ? early# : ', ')')];
  }
  if (without === null) return null;
  const [declared] = statement.declarationList.declarations;
  const name = declared?.name.getText() ?? '';
  const word = statement.declarationList.getStart(source.tree);
  return [
    { at: word, text: 'let', role: 'word', length: wordAt(source.text, word).length },
    ...around(node, `(isMutant(#) ? ${without} : `, ')'),
    copy(`${name} = ${oneLine(node)};`),
  ];
}

/** `const` or `let`. */
function wordAt(text: string, at: number): string {
  return /^\w+/.exec(text.slice(at))?.[0] ?? '';
}

function around(node: ts.Node, open: string, close: string): Insertion[] {
  const from = node.getStart();
  const length = node.end - from;
  return [
    { at: from, text: open, role: 'open', length },
    { at: node.end, text: close, role: 'close', length },
  ];
}

function oneLine(node: ts.Node): string {
  return node.getText().replaceAll(/\s+/g, ' ');
}

/** A mutant and its number. */
export type Numbered = Mutant & { readonly number: number };

/** The file `text` at `path` with all `mutants` in it, on the same lines. */
export function schemaOf(path: string, text: string, mutants: readonly Numbered[]): string {
  const all = mutants.flatMap(({ number, switched }) => (switched ?? [])
    .map((each) => ({ ...each, number, text: each.text.replaceAll('#', String(number)) })));
  if (all.length === 0) return text;
  const made: string[] = [];
  let from = 0;
  for (const { at, role, length, text: put } of all.toSorted(inOrder)) {
    if (role === 'word' && at < from) continue;
    made.push(text.slice(from, at), put);
    from = role === 'word' ? at + length : at;
  }
  made.push(text.slice(from));
  const up = path.split('/').length - 2;
  const kernel = up === 0 ? './' : '../'.repeat(up);
  made.push(`import { isMutant } from "${kernel}nt/mutant";\n`);
  if (all.some((each) => each.text.includes('irqlOfMutant'))) {
    made.push(`import { KeGetCurrentIrql as irqlOfMutant } from "${kernel}ke/irql";\n`);
  }
  return made.join('');
}

/** What is at one place: ends from within, copies behind them; copies, then beginnings. */
function inOrder(
  a: Insertion & { readonly number: number }, b: Insertion & { readonly number: number },
): number {
  const ranks = { close: 0, copy: 1, open: 2, word: 3 };
  if (a.at !== b.at) return a.at - b.at;
  if (a.role !== b.role) return ranks[a.role] - ranks[b.role];
  if (a.role === 'close') return a.length - b.length || b.number - a.number;
  return b.length - a.length || a.number - b.number;
}
