/** One step into a value: a property, an index, or a part that only has a description (`.keys()[0]` of a Map). */
export type Step = string | number | { readonly label: string };

const SHOWN_STEPS = 24;
const SHOWN_NAME = 64;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Writes a path as a person would: `$.user.tags[3]["a b"]`; long ones are shortened in the middle.
 *
 * @param steps from the root to the value
 */
export function formatPath(steps: readonly Step[]): string {
  if (steps.length <= SHOWN_STEPS) return `$${steps.map(formatStep).join('')}`;
  const half = SHOWN_STEPS / 2;
  const start = steps.slice(0, half).map(formatStep).join('');
  const end = steps.slice(-half).map(formatStep).join('');
  return `$${start} … (${steps.length - SHOWN_STEPS} more) … ${end}`;
}

function formatStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return step.label;
  const name = step.length > SHOWN_NAME ? `${step.slice(0, SHOWN_NAME)}…` : step;
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
