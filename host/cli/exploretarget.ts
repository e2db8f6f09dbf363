/** What `ntstack explore` explores: a module, its source, a program, a load of the main job. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { PlayedArticle } from '../kb/article.js';
import { ARTICLES } from '../kb/index.js';
import { needsScene } from '../explore/articlescene.js';
import { KERNEL_SCENARIOS, prepareKernel } from '../explore/kernelscenario.js';
import { parseLine } from '../explore/line.js';
import { prepareProgram } from '../explore/program.js';
import type { Prepared } from '../explore/program.js';
import { loadExplored } from '../explore/source.js';
import type { LoadedModule } from '../explore/source.js';
import { ROOT } from './child.js';
import { compileProgram } from './explorecompile.js';
import type { ExplorePlan } from './exploreplan.js';
import { WrongUse, oneLine } from './wronguse.js';

/** What is explored, in as many scenarios as it has. */
export interface Target {
  readonly scenarios: readonly Prepared[];
  readonly loaded: Pick<LoadedModule, 'build' | 'map'>;
  /** One scenario of one module, rather than some of the kernel's. */
  readonly single: boolean;
  /** An article that is none of schedules, and the checked kernel's build: its scene is played. */
  readonly scene?: { readonly article: PlayedArticle; readonly build: string };
}

const PROGRAMS = join(ROOT, 'test', 'explore', 'programs');

/**
 * What a name stands for, prepared.
 * @throws WrongUse where there is no such thing, or it cannot be explored.
 */
export async function resolveTarget(name: string, plan: ExplorePlan): Promise<Target> {
  const extension = extname(name);
  if (extension === '.wasm' || extension === '.ts') {
    if (!existsSync(name)) throw new WrongUse(`${name}: no such file`);
    const program = basename(name, extension);
    if (extension === '.ts') return programTarget(program, await compileProgram(name), plan);
    return programTarget(program, await tried(name, () => loadExplored(name)), plan);
  }
  if (programs().includes(name)) {
    return programTarget(name, await compileProgram(join(PROGRAMS, `${name}.ts`)), plan);
  }
  return kernelTarget(name, plan);
}

async function programTarget(
  name: string, loaded: LoadedModule, plan: ExplorePlan,
): Promise<Target> {
  const { points, size, fixed } = plan;
  if (plan.processors !== undefined) {
    throw new WrongUse(`option --processors: ${name} says itself which it has`);
  }
  const prepared = await tried(name, () => prepareProgram(loaded.module, {
    name, points, fixed, ...(size === undefined ? {} : { size }),
  }));
  return { scenarios: [prepared], loaded, single: true };
}

/** The one place that knows which articles and loads can be explored. */
async function kernelTarget(name: string, plan: ExplorePlan): Promise<Target> {
  const known = name.toLowerCase();
  const article = ARTICLES.find(({ number }) => number.toLowerCase() === known);
  const isArticle = article !== undefined;
  if (!KERNEL_SCENARIOS.includes(known) && !isArticle) {
    const articles = ARTICLES.map(({ number }) => number.toLowerCase());
    const names = [...KERNEL_SCENARIOS, ...articles, ...programs()].join(', ');
    throw new WrongUse(`${name}: nothing to explore; FILE.wasm, FILE.ts, ${names}`);
  }
  if (plan.size !== undefined || (plan.fixed && !isArticle)) {
    const [option, what] = plan.size === undefined ? ['fixed', ' and no article'] : ['size', ''];
    throw new WrongUse(`option --${option}: ${known} is no program${what}`);
  }
  if (isArticle && needsScene(article)) return sceneTarget(name, article);
  const { points, seed, processors } = plan;
  const loaded = await tried(name, () => loadExplored(join(ROOT, 'build', 'explore.wasm')));
  const prepared = await tried(name, () =>
    prepareKernel(known, {
      points,
      healthy: plan.fixed,
      ...(seed === undefined ? {} : { seed }),
      ...(processors === undefined ? {} : { processors }),
    }));
  const wanted = plan.replay === undefined ? undefined : parseLine(plan.replay).scenario;
  const scenarios = wanted === undefined
    ? prepared : prepared.filter(({ scenario }) => scenario.name === wanted);
  if (prepared.length === 0) throw new WrongUse(`${known}: no call of it makes a window`);
  if (scenarios.length === 0) {
    const names = prepared.map(({ scenario }) => scenario.name).join(', ');
    throw new WrongUse(`option --replay: the line is of scenario ${wanted}, and here are ${names}`);
  }
  return { scenarios, loaded, single: false };
}

async function sceneTarget(name: string, article: PlayedArticle): Promise<Target> {
  const loaded = await tried(name, () => loadExplored(join(ROOT, 'build', 'checked.wasm')));
  return { scenarios: [], loaded, single: true, scene: { article, build: loaded.build } };
}

/** Programs of the tests, where their folder is. */
function programs(): string[] {
  if (!existsSync(PROGRAMS)) return [];
  return readdirSync(PROGRAMS)
    .filter((file) => readFileSync(join(PROGRAMS, file), 'utf8').includes('/explored";'))
    .map((file) => basename(file, '.ts')).sort();
}

/** @throws WrongUse that names the target, with the reason in one line. */
async function tried<T>(name: string, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (thrown) {
    throw new WrongUse(`${name}: ${oneLine(thrown)}`, { cause: thrown });
  }
}
