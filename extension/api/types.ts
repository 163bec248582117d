// The words of the API, out of its own OpenAPI file (`api/schema.d.ts` is generated from it).
import type { components } from './schema';

type Schemas = components['schemas'];

export type Evidence = Schemas['EvidenceBody'];
export type Limit = Schemas['LimitBody'];
export type Label = Schemas['VerdictBody']['label'];
/** What a moderator decided. Read with care: it stands over the label and never erases it. */
export interface Human {
  says?: string;
  decision?: string;
  label?: string;
  decided_at?: string;
}
export type Verdict = Omit<Schemas['VerdictBody'], 'human'> & { human?: Human | null };
export type Check = Omit<Schemas['CheckBody'], 'verdict'> & { verdict: Verdict | null };
export type Image = Schemas['ImageBody'];
export type ProblemDocument = Schemas['ProblemBody'];
export type Says = 'ai' | 'real' | 'unsure';

const SAYS: readonly string[] = ['ai', 'real', 'unsure'];

/** What a person decided about the image, if one did. */
export function readHuman(verdict: Verdict): Says | null {
  const { human } = verdict;
  const said = human?.says ?? human?.decision ?? human?.label;
  return said !== undefined && SAYS.includes(said) ? (said as Says) : null;
}
