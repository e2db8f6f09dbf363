/** The switch in a process of tests: every instance that is made is given the same number. */

const number = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
const recording = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
let sites = new Set<number>();

/** What assembly/nt/mutant.ts of the copy imports. */
const MUTANT = { number, recording, reached: (mutant: number) => void sites.add(mutant) };

/** Switches one mutant on and all others off, in all instances. */
export function switchTo(mutant: number): void {
  number.value = mutant;
}

/** From now on it is noted which mutants the kernel comes by. */
export function beginRecording(): void {
  sites = new Set();
  recording.value = 1;
}

/** Which those were, in order. */
export function endRecording(): number[] {
  recording.value = 0;
  return [...sites].toSorted((a, b) => a - b);
}

/** Has every instance given the switch, whoever makes it; nobody else sees it. */
export function installSwitch(): void {
  const wasm = WebAssembly;
  const { instantiate, Instance } = wasm;
  const { imports } = wasm.Module;
  wasm.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, given?: WebAssembly.Imports) {
      super(module, { ...given, mutant: MUTANT });
    }
  };
  const instantiateSwitched = (source: BufferSource, given?: WebAssembly.Imports): unknown =>
    instantiate(source, { ...given, mutant: MUTANT });
  wasm.instantiate = instantiateSwitched as typeof instantiate;
  wasm.Module.imports = (module) =>
    imports(module).filter(({ module: from }) => from !== 'mutant');
}
