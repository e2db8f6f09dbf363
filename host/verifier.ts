/**
 * `ntstack/verifier`: explores the schedules of any module that is built with the library
 * `ntstack/assembly/ke`; reports what it finds; replays it.
 */

export { DataRaceDetector, findDataRaces } from './explore/datarace.js';
export type { DataRace, RaceSearch, RacingAccess } from './explore/datarace.js';
export { expectNoFindings } from './explore/expect.js';
export type { NoFindingsOptions } from './explore/expect.js';
export { explore, exploring } from './explore/explorer.js';
export type { ExploreOptions, Progress } from './explore/explorer.js';
export type {
  Coverage, Exploration, Finding, FindingStatus, Party, ScheduleStep, Subject,
} from './explore/finding.js';
export { replayLine } from './explore/again.js';
export { formatLine, parseLine } from './explore/line.js';
export type { ReplayLine } from './explore/line.js';
export { mergeExplorations } from './explore/merge.js';
export { STRATEGY_NAMES } from './explore/portfolio.js';
export { prepareProgram } from './explore/program.js';
export type { Prepared, ProgramOptions } from './explore/program.js';
export { formatReport } from './explore/report.js';
export type { Paint, ReportOptions } from './explore/report.js';
export { loadExplored } from './explore/source.js';
export type { LoadedModule, ModuleSource } from './explore/source.js';
export { timelineOf } from './explore/timeline.js';
export type { Timeline, TraceEvent } from './explore/timeline.js';
export type { Verdict, VerdictKind } from './watch/verdict.js';
export type { Site, SourceMap } from './watch/sourcemap.js';
