// What can go wrong on the way to a verdict: each with a stable code, which names its words.

export type ProblemCode =
  | 'server_unset' // no address or no key is stored
  | 'server_away'
  | 'server_not_allowed' // the browser's permission for the server was taken back
  | 'key_wrong'
  | 'rate_limited'
  | 'too_large'
  | 'image_gone'
  | 'not_an_image'
  | 'not_offered' // this server has no such call yet
  | 'refused'; // anything else: the server's own sentence is shown

export class CheckProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    /** The server's own words, in English. */
    readonly detail = '',
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail || code);
    this.name = 'CheckProblem';
  }
}

const BY_API_CODE: Record<string, ProblemCode> = {
  too_many_bytes: 'too_large',
  too_many_pixels: 'too_large',
  too_much_memory: 'too_large',
  image_gone: 'image_gone',
  not_an_image: 'not_an_image',
  unsupported_format: 'not_an_image',
};

/** The problem that a code of the API's stands for. */
export function problemOfApiCode(code: string, detail: string): CheckProblem {
  return new CheckProblem(BY_API_CODE[code] ?? 'refused', detail);
}
