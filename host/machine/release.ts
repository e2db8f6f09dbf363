/** The releases that a machine can be, oldest first, and the historical defects each had. */

import { didYouMean } from './suggest.js';

/** What a machine can be built as, oldest first; the order is what "since" means. */
const DESCRIPTIONS = [
  ['nt35', 'Windows NT 3.5: the first with the rewritten TCP/IP'],
  ['nt351', 'Windows NT 3.51'],
  ['nt40', 'Windows NT 4.0, no service pack'],
  ['nt40sp1', 'Windows NT 4.0, Service Pack 1'],
  ['nt40sp2', 'Windows NT 4.0, Service Pack 2: fast retransmit (Q170359)'],
  ['nt40sp3', 'Windows NT 4.0, Service Pack 3: SYN attack protection (Q142641)'],
  ['nt40sp4', 'Windows NT 4.0, Service Pack 4: harder sequence numbers (Q192292)'],
  ['nt40sp5', 'Windows NT 4.0, Service Pack 5 with the hotfixes before July 1999'],
  ['nt40sp6a', 'Windows NT 4.0, Service Pack 6a with the hotfixes before April 2001'],
  ['nt40sp6a-q297040', 'Windows NT 4.0, Service Pack 6a with the hotfixes to April 2001 (Q297040)'],
  ['modern', 'No NT: the same stack with the constants of today\'s RFCs'],
] as const;

/** The name of a release, as `--release` takes it. */
export type ReleaseName = (typeof DESCRIPTIONS)[number][0];

/** A defect that some releases had, by its article's number; the kernel's `Fault` has the same. */
export interface HistoricalFault {
  readonly name: string;
  /** The releases that had it, oldest first. */
  readonly releases: readonly ReleaseName[];
  /** Where in the life of those releases it was. */
  readonly when: string;
}

/** One release. */
export interface Release {
  readonly name: ReleaseName;
  readonly description: string;
  /** The articles' numbers of the defects it had. */
  readonly faults: readonly string[];
}

/** All defects that a release can bring with it. */
export const FAULTS: readonly HistoricalFault[] = [
  {
    name: 'Q126560',
    releases: ['nt35'],
    when: 'Windows NT 3.5 until its service pack',
  },
  {
    name: 'Q141344',
    releases: ['nt35', 'nt351'],
    when: 'Windows NT 3.5, and 3.51 until its service pack',
  },
  {
    name: 'Q171181',
    releases: ['nt40', 'nt40sp1', 'nt40sp2', 'nt40sp3'],
    when: 'Windows NT 4.0 until Service Pack 4',
  },
  {
    name: 'Q177245',
    releases: ['nt40', 'nt40sp1', 'nt40sp2', 'nt40sp3'],
    when: 'Windows NT 4.0 until Service Pack 4, or Tcpip.sys of 21 November 1997',
  },
  {
    name: 'Q186873',
    releases: ['nt40', 'nt40sp1', 'nt40sp2', 'nt40sp3'],
    when: 'Windows NT 4.0 until Service Pack 4',
  },
  {
    name: 'Q236794',
    releases: ['nt40sp4'],
    when: 'Terminal Server Edition until its Service Pack 5',
  },
  {
    name: 'Q243878',
    releases: ['nt40sp5'],
    when: 'post-SP5 hotfixes, until Tcpip.sys of 26 July 1999',
  },
  {
    name: 'Q293498',
    releases: ['nt40sp6a'],
    when: 'Service Pack 6a until Ndis.sys of 29 March 2001',
  },
  {
    name: 'Q297040',
    releases: ['nt40sp6a'],
    when: 'post-SP6a hotfix, until Tcpip.sys of 27 April 2001',
  },
];

/** All releases, oldest first. */
export const RELEASES: readonly Release[] = DESCRIPTIONS.map(([name, description]) => ({
  name,
  description,
  faults: FAULTS.filter((fault) => fault.releases.includes(name)).map((fault) => fault.name),
}));

/** The release called `name`. Throws a `TypeError` that lists them all where there is none. */
export function findRelease(name: string): Release {
  const found = RELEASES.find((release) => release.name === name);
  if (found !== undefined) return found;
  const names = RELEASES.map((release) => release.name);
  const hint = didYouMean(name, names);
  throw new TypeError(
    `${name}: unknown release${hint === '' ? ';' : hint} the releases are ${names.join(', ')}`,
  );
}

/** How many releases are older than this one. */
export function releaseOrder(name: ReleaseName): number {
  return RELEASES.findIndex((release) => release.name === name);
}
