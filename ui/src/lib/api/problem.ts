/** What went wrong, as the services say it (RFC 9457). */
import { common } from '#lib/texts/common.ts';

export type Fault = { field: string; detail: string };

/** What a body may hold; whoever answers in the gateway's place may send anything. */
type Document = Partial<Record<string, unknown>>;

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
    return new Problem(0, 'unreachable', common.unreachable);
  }

  /** Something answered that isn't the gateway, as it doesn't speak JSON. */
  static unreadable(): Problem {
    return new Problem(502, 'unreadable', common.unreadable);
  }

  /** From the body of an answer that isn't ok. */
  static of(body: unknown, status: number): Problem {
    const document = documentOf(body);
    const errors: unknown[] = Array.isArray(document.errors) ? document.errors : [];
    const faults = errors.map((error) => {
      const fault = documentOf(error);
      const expected = text(fault.expected);
      const detail = [text(fault.message), expected && common.expected(expected)].filter(Boolean).join('; ');
      return { field: text(fault.field), detail };
    });
    const type = text(document.type).split(':').at(-1) ?? '';
    return new Problem(
      status,
      type,
      text(document.detail) || text(document.title) || common.status(status),
      faults
    );
  }

  /** Whether a service behind the gateway, or the gateway, is away: the same may work later. */
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503;
  }
}

function documentOf(body: unknown): Document {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What a form should say, by the field where it belongs; at `form` what belongs to none. */
export function faultsByField(error: unknown): Record<string, string> {
  if (error instanceof Problem && error.faults.length > 0)
    return Object.fromEntries(error.faults.map((fault) => [fault.field, fault.detail]));
  if (error instanceof Problem && error.type === 'name-taken') return { name: error.message };
  return { form: sentence(error) };
}

/** What a person should read of any error. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
