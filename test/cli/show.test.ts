import { describe, expect, it, vi } from 'vitest';
import { startProgress } from '../../host/cli/progress.js';
import {
  formatSeconds, formatTable, gbitPerSecond, paintFor, rateOf, widthOf, wrap,
} from '../../host/cli/show.js';

describe('cli/show', () => {
  it('has colours on a terminal, and none in a pipe, for NO_COLOR, or on a dumb terminal', () => {
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('CI', '1');
    vi.stubEnv('TERM', 'xterm');
    expect(paintFor({ isTTY: true }).red('x')).toContain('\u001b[31m');
    expect(paintFor({ isTTY: false }).red('x')).toBe('x');
    expect(paintFor({}).red('x')).toBe('x');
    vi.stubEnv('TERM', 'dumb');
    expect(paintFor({ isTTY: true }).red('x')).toBe('x');
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('NO_COLOR', '1');
    expect(paintFor({ isTTY: true }).red('x')).toBe('x');
    vi.unstubAllEnvs();
  });

  it('sets numbers to the right of their words', () => {
    const table = formatTable(['', 'free'], [['frames', '7'], ['octets', '1,234']], paintFor({}));
    expect(table.split('\n').slice(3, 5)).toEqual(['│ frames │     7 │', '│ octets │ 1,234 │']);
  });

  it('breaks lines where they would be wider than that, colours not counted', () => {
    expect(wrap('checked leak of a lock', 8, 16)).toBe('checked leak of\n        a lock');
    expect(wrap('          two  three', 10, 15)).toBe('          two\n          three');
    const red = paintFor({ isTTY: true }).red;
    expect(wrap(`a ${red('bcd')} e`, 2, 7)).toBe(`a ${red('bcd')} e`);
    expect(wrap('overlong', 2, 4)).toBe('overlong');
    expect(widthOf({ isTTY: true, columns: 132 })).toBe(132);
    expect(widthOf({})).toBe(80);
    expect(widthOf({ isTTY: true, columns: 0 })).toBe(80);
  });

  it('leaves the warm-up out of what is measured by the clock on the wall', () => {
    const warmUp = { seconds: 1, frames: 10, octets: 0 };
    expect(rateOf({ seconds: 3, frames: 110, octets: 500e6, warmUp })).toEqual({
      gbitPerSecond: 2, nsPerFrame: 2e7,
    });
    expect(rateOf({ seconds: 3, frames: 10, octets: 0, warmUp }).nsPerFrame).toBe(0);
  });

  it('counts bits of a second', () => {
    expect(gbitPerSecond(125e6, 0.5)).toBe(2);
    expect(gbitPerSecond(1, 0)).toBe(0);
    expect(formatSeconds(1.23456)).toBe('1.235 s');
    expect(formatSeconds(1234.56)).toBe('1,234.6 s');
  });
});

describe('cli/progress', () => {
  it('says nothing where standard error is no terminal', () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const isTTY = process.stderr.isTTY;
    process.stderr.isTTY = false;
    try {
      const line = startProgress('free');
      line.show({ share: 0.5, seconds: 1, frames: 1, octets: 1, opened: 1, virtualSeconds: 1 });
      line.end();
      expect(write).not.toHaveBeenCalled();
    } finally {
      process.stderr.isTTY = isTTY;
      write.mockRestore();
    }
  });
});
