/** Who may import whom: floors, drivers, what asks the host, and cycles. */

import { fileRule, inHost, inKernel } from './rule.js';
import type { Rule } from './rule.js';
import { importsOf, lineOf } from './source.js';
import type { Import, Source, Tree } from './source.js';

/** Floors of the kernel; inside floor 1, `kb, trace → vf → ke → ex`. Above: what starts it all. */
const KERNEL = new Map<string, number>([
  ['nt', 0],
  ['wire', 0],
  ['kb', 1],
  ['trace', 1],
  ['vf', 1.1],
  ['ke', 1.2],
  ['ex', 1.3],
  ['io', 2],
  ['ndis', 3],
  ['tdi', 3],
  ['tcpip', 4],
  ['miniport', 4],
  ['netbt', 5],
  ['afd', 6],
  ['netbios', 6],
  ['rdr', 6],
  ['srv', 6],
]);
const KERNEL_TOP = 9;
const DRIVERS = new Set(['tcpip', 'miniport', 'netbt', 'afd', 'netbios', 'rdr', 'srv']);
const ASKS_HOST =
  /^assembly\/(nt\/bugcheck\.ts|vf\/|ke\/|miniport\/|srv\/volume\.ts|srv\/logon\.ts)/;

/** Floors of the host. `load` uses `link` and `user`, which stand on the floor with it. */
const HOST = new Map<string, number>([
  ['wire', -1],
  ['kernel', 0],
  ['machine', 1],
  ['link', 2],
  ['user', 2.05],
  ['load', 2.1],
  ['watch', 3],
  ['kb', 4],
  ['script', 5],
  ['explore', 5],
  ['cli', 6],
  ['web', 6],
]);
const HOST_TOP = 9;

/** The folders that run in browsers as they are, and so bring nothing with them. */
const BARE = new Set(['wire', 'kernel', 'machine', 'link', 'watch', 'script', 'explore']);
const NODE_FILES = /^host\/(cli\/|link\/(tap|qemu|pcapfile)\.ts)/;

/** The folder below assembly/ or host/; empty for the files that stand there themselves. */
export function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? '') : '';
}

/** Files of assembly/ that everyone may import by the laws of their own. */
const FREE = new Set(['assembly/host.ts']);

function checkFloors(
  source: Source,
  floors: ReadonlyMap<string, number>,
  top: number,
  say: (at: Import, what: string, instead: string) => void,
  area: string,
): void {
  const own = folderOf(source.path);
  const floor = own === '' ? top : floors.get(own);
  for (const each of importsOf(source)) {
    if (each.target === undefined || FREE.has(each.target)) continue;
    if (!each.target.startsWith(area)) {
      say(each, `${each.specifier} is outside ${area}`, `what is in ${area}`);
      continue;
    }
    const other = folderOf(each.target);
    if (own === other) continue;
    const theirs = other === '' ? top : floors.get(other);
    if (floor === undefined || theirs === undefined) {
      say(
        each,
        `${floor === undefined ? own : other}/ has no floor`,
        'a floor in test/tidy/imports.ts',
      );
    } else if (theirs >= floor) {
      say(
        each,
        `${own}/ imports ${theirs === floor ? 'sideways' : 'upwards'}: ` +
          `${each.typeOnly ? 'types of ' : ''}${each.target}`,
        'move what both need to a lower floor, or let the upper one call down',
      );
    }
  }
}

const floors: Rule = fileRule('floors', inKernel, (source, report) => {
  const own = folderOf(source.path);
  checkFloors(
    source,
    KERNEL,
    KERNEL_TOP,
    (each, what, instead) => {
      const other = each.target === undefined ? '' : folderOf(each.target);
      if (DRIVERS.has(own) && DRIVERS.has(other)) return; // said by the rule below, and better
      report(each.node, what, instead);
    },
    'assembly/',
  );
});

const drivers: Rule = fileRule('drivers', inKernel, (source, report) => {
  const own = folderOf(source.path);
  for (const each of importsOf(source)) {
    const other = each.target === undefined ? '' : folderOf(each.target);
    if (!DRIVERS.has(other) || other === own) continue;
    if (DRIVERS.has(own)) {
      report(
        each.node,
        `driver ${own}/ imports driver ${other}/`,
        'io/, ndis/ or tdi/: drivers meet there',
      );
    }
    if (each.names.includes('DriverEntry') && source.path !== 'assembly/boot.ts') {
      report(
        each.node,
        `DriverEntry of ${other}/ outside boot.ts`,
        'boot.ts, which alone starts drivers',
      );
    }
  }
});

const asksHost: Rule = fileRule('host-imports', inKernel, (source, report) => {
  for (const each of importsOf(source)) {
    if (each.target === 'assembly/host.ts' && !ASKS_HOST.test(source.path)) {
      report(
        each.node,
        'imports host.ts',
        'KeBugCheckEx, or a routine of ke/ or miniport/ that asks the host',
      );
    }
  }
});

const packages: Rule = fileRule('kernel-packages', inKernel, (source, report) => {
  for (const each of importsOf(source)) {
    if (each.target === undefined) {
      report(
        each.node,
        `the package ${each.specifier}`,
        'a file of assembly/: the kernel imports nothing else',
      );
    }
  }
});

const hostFloors: Rule = fileRule('host-floors', inHost, (source, report) => {
  checkFloors(
    source,
    HOST,
    HOST_TOP,
    (each, what, instead) => report(each.node, what, instead),
    'host/',
  );
});

const dependencies: Rule = fileRule('host-packages', inHost, (source, report) => {
  for (const each of importsOf(source)) {
    if (each.target !== undefined || each.typeOnly) continue;
    const lazy = lineOf(source, each.node) > 0 && /^(await )?import\(/.test(each.node.getText());
    if (each.specifier.startsWith('node:')) {
      if (!lazy && !NODE_FILES.test(source.path)) {
        report(
          each.node,
          each.specifier,
          'an argument, or await import(…) where only Node comes: browsers run this file',
        );
      }
    } else if (BARE.has(folderOf(source.path))) {
      report(
        each.node,
        `the package ${each.specifier}`,
        'code of our own: this folder has no run-time dependency',
      );
    }
  }
});

/** Each cycle once, at the import that closes it. */
function findCycles(
  tree: Tree,
  area: string,
  say: (source: Source, each: Import, cycle: string) => void,
): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (source: Source): void => {
    path.push(source.path);
    for (const each of importsOf(source)) {
      if (each.target === undefined || (area === 'host/' && each.typeOnly)) continue;
      const at = path.indexOf(each.target);
      if (at >= 0) say(source, each, [...path.slice(at), each.target].join(' → '));
      const target = tree.byPath.get(each.target);
      if (at < 0 && target !== undefined && !done.has(each.target)) visit(target);
    }
    path.pop();
    done.add(source.path);
  };
  for (const source of tree.sources) {
    if (source.path.startsWith(area) && !done.has(source.path)) visit(source);
  }
}

function cycles(name: string, area: string): Rule {
  return {
    name,
    check: (tree, report) =>
      findCycles(tree, area, (source, each, cycle) => {
        report(source, each.node, `a cycle: ${cycle}`, 'a third file below both');
      }),
  };
}

export const IMPORT_RULES: readonly Rule[] = [
  floors,
  drivers,
  asksHost,
  packages,
  hostFloors,
  dependencies,
  cycles('cycles', 'assembly/'),
  cycles('host-cycles', 'host/'),
];
