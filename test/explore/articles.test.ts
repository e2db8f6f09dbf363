/** Each article that shows in every run is found by the explorer too, and its line replays it. */

import { describe, expect, it } from 'vitest';
import { replayLine } from '../../host/explore/again.js';
import { exploreScene, needsScene, replayScene } from '../../host/explore/articlescene.js';
import { explore } from '../../host/explore/explorer.js';
import type { Finding } from '../../host/explore/finding.js';
import { prepareKernel } from '../../host/explore/kernelscenario.js';
import { formatReport } from '../../host/explore/report.js';
import { loadExplored } from '../../host/explore/source.js';
import { ARTICLES } from '../../host/kb/index.js';

const LIMIT = { timeout: 120_000 };
const SCHEDULES = 3;
const PLAYED = ARTICLES.filter(({ schedule }) => schedule === undefined);
const loaded = await loadExplored(new URL('../../build/explore.wasm', import.meta.url));

describe('an article whose rule is the kernel\'s', LIMIT, () => {
  const cases = PLAYED.filter((article) => !needsScene(article));
  it.each(cases)('$number is found in its windows, and again by its line', async (article) => {
    const { number, finds: { rule }, processors: [processors = 1] } = article;
    const isIt = (finding: Finding): boolean => finding.rule === rule;
    for (const window of await prepareKernel(number.toLowerCase(), { processors })) {
      const found = explore(window, { ...loaded, schedules: SCHEDULES }).findings.find(isIt);
      if (found === undefined) continue;
      expect(found.status).toBe('confirmed');
      const again = replayLine(window, found.line, loaded);
      expect(again.findings.some(isIt)).toBe(true);
      return;
    }
    throw new Error(`${number}: no window shows ${rule}`);
  });

  it.each(cases)('$number is in no window of the release without it', async (article) => {
    const { number, finds: { rule }, processors: [processors = 1] } = article;
    const windows = await prepareKernel(number.toLowerCase(), { processors, healthy: true });
    expect(windows.length).toBeGreaterThan(0);
    const findings = windows.flatMap((window) => explore(window, { schedules: 1 }).findings);
    expect(findings.filter((finding) => finding.rule === rule)).toEqual([]);
  });
});

describe('an article that is none of schedules', LIMIT, () => {
  const build = 'b0';

  it.each(PLAYED.filter(needsScene))('$number is found by its scene', async (article) => {
    const { finds: { kind, within } } = article;
    const found = await exploreScene(article, { build });
    expect(found.findings.map(({ rule }) => rule)).toEqual([
      kind.toUpperCase().replaceAll(' ', '_'),
    ]);
    expect(found.findings[0]?.site?.file).toBe(within);
    const line = found.findings[0]?.line ?? '';
    const again = await replayScene(article, line, { build });
    expect(again.findings).toEqual(found.findings);
    const text = formatReport(found);
    expect(text).toMatch(/ 1 confirmed {2}\(not of schedules\)$/m);
    expect(text).toMatch(/^found {4}by its scene, played twice, the same each time$/m);
    await expect(replayScene(article, line, { build: 'other' })).rejects.toThrow('of build b0');
    await expect(replayScene(article, `${line}1`, { build })).rejects.toThrow('without choices');
    const healthy = await exploreScene(article, { build, healthy: true });
    expect(healthy.findings).toEqual([]);
  });
});
