// Runs the cases of make_cases.py in a host of JavaScript; knows nothing of files or pages.

import { load, supports } from "../../runtime-lite/js/eaic.mjs";

export const LEVELS = ["scalar", "simd128", "relaxed"];

/** Runs a module on the bytes of all its inputs; null when the bytes of all its outputs are as expected,
 * else what is wrong. */
async function runCase(source, input, expected) {
  const model = await load(source);
  let at = 0;
  const inputs = model.inputs.map(({ bytes }) => input.slice(at, (at += bytes)));
  for (let run = 0; run < 2; run++) {
    // a module may be run any number of times
    const outputs = model.run(inputs);
    let compared = 0,
      wrong = 0;
    for (const { name } of model.outputs) {
      for (const byte of new Uint8Array(outputs[name].buffer)) wrong += byte !== expected[compared++];
    }
    if (wrong || compared !== expected.length) return `${wrong} of ${expected.length} bytes differ`;
  }
  return null;
}

/** Lines as test_hosts.sh reads them: "LEVEL EQUAL TOTAL" or "LEVEL refused", and "! ..." for each problem.
 * `fetchCase(name, level)` gives {module, input, expected}: anything that `load` takes, and bytes. */
export async function runCases(names, fetchCase) {
  const lines = [];
  for (const level of LEVELS) {
    if (!supports(level)) {
      lines.push(`${level} refused`);
      continue;
    }
    let equal = 0;
    for (const name of names) {
      let problem;
      try {
        const { module, input, expected } = await fetchCase(name, level);
        problem = await runCase(module, input, expected);
      } catch (error) {
        problem = String(error);
      }
      if (problem) lines.push(`! ${level} ${name}: ${problem}`);
      else equal++;
    }
    lines.push(`${level} ${equal} ${names.length}`);
  }
  return lines.join("\n");
}
