// The words of the API, out of its own OpenAPI file (`api/schema.d.ts` is generated from it).
import type { components } from './schema';

type Schemas = components['schemas'];

export type Evidence = Schemas['EvidenceBody'];
export type Limit = Schemas['LimitBody'];
export type Label = Schemas['VerdictBody']['label'];
export type Verdict = Schemas['VerdictBody'];
export type Check = Schemas['CheckBody'];
export type Image = Schemas['ImageBody'];
export type ProblemDocument = Schemas['ProblemBody'];
export type Says = Schemas['HumanBody']['says'];

/** What people decided about the picture, if they did. It stands over the label and never erases it. */
export const readHuman = (verdict: Verdict): Says | null => verdict.human?.says ?? null;
