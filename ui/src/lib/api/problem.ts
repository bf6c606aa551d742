/** What went wrong, as the services say it (RFC 9457). */

export type Fault = { field: string; detail: string };

type Document = {
  type?: string;
  title?: string;
  detail?: string;
  retry_after?: number;
  missing?: unknown;
  errors?: { field?: string; message?: string; expected?: string }[];
};

export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly faults: readonly Fault[];

  constructor(status: number, type: string, detail: string, faults: readonly Fault[] = []) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.type = type;
    this.faults = faults;
  }

  /** The gateway can't be reached at all. */
  static unreachable(): Problem {
    return new Problem(0, 'unreachable', 'The gateway does not answer.');
  }

  /** From the body of an answer that isn't ok. */
  static of(body: unknown, status: number): Problem {
    const document = (typeof body === 'object' && body !== null ? body : {}) as Document;
    const faults = (document.errors ?? []).map((fault) => ({
      field: fault.field ?? '',
      detail: [fault.message, fault.expected && `expected ${fault.expected}`].filter(Boolean).join('; ')
    }));
    const type = (document.type ?? '').split(':').at(-1) ?? '';
    return new Problem(status, type, document.detail ?? document.title ?? `Status ${status}`, faults);
  }

  /** Whether a service behind the gateway, or the gateway, is away: the same may work later. */
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503;
  }
}

/** What a person should read of any error. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
