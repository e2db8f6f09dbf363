/** For tests of modules that are not ours: nothing may be found in a module's schedules. */

import { explore } from './explorer.js';
import type { ExploreOptions } from './explorer.js';
import type { Exploration } from './finding.js';
import { prepareProgram } from './program.js';
import type { ProgramOptions } from './program.js';
import { formatReport } from './report.js';
import { loadExplored } from './source.js';
import type { ModuleSource } from './source.js';

/** How a module is explored, and what must not be found. */
export interface NoFindingsOptions
  extends ProgramOptions, Omit<ExploreOptions, 'build' | 'map'> {
  /** Whether what is predicted, and neither met nor refuted, fails too. Default: no. */
  readonly predicted?: boolean;
}

/**
 * Explores a module, from its octets or its file; gives what was tried.
 * @throws Error whose message is the report, where something is found.
 * @throws TypeError where the module cannot be explored, or an option cannot be.
 */
export async function expectNoFindings(
  module: ModuleSource, options: NoFindingsOptions = {},
): Promise<Exploration> {
  const { module: compiled, build, map } = await loadExplored(module);
  const name = options.name ?? (typeof module === 'string' ? module : 'program');
  const exploration = explore(prepareProgram(compiled, { ...options, name }), {
    ...options, build, ...(map === undefined ? {} : { map }),
  });
  const fails = exploration.findings.some(({ status }) =>
    status === 'confirmed' || (status === 'predicted' && options.predicted === true));
  if (fails) throw new Error(`${name}: something was found\n${formatReport(exploration)}`);
  return exploration;
}
