/** The one way to the gateway: typed paths, the access token, problem documents as errors. */
import createClient from 'openapi-fetch';
import type { paths } from './gateway.d.ts';
import { Problem } from './problem.ts';

export type TokenSource = {
  /** An access token that holds, renewed where it must be; null without a log-in. */
  access(): Promise<string | null>;
  /** The gateway refused `token`; true if another try with a new one is worth it. */
  renew(token: string): Promise<boolean>;
};

let tokens: TokenSource = { access: async () => null, renew: async () => false };

/** Who gives out tokens; the session does so when it begins. */
export function authenticateBy(given: TokenSource): void {
  tokens = given;
}

/** `fetch` with the access token; tries again once where the gateway says that it doesn't hold. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const spare = request.clone();
  const token = await tokens.access();
  if (token === null) return reach(request);
  const answer = await reach(withToken(request, token));
  if (answer.status !== 401 || !(await tokens.renew(token))) return answer;
  const renewed = await tokens.access();
  return renewed === null ? answer : reach(withToken(spare, renewed));
}

function withToken(request: Request, token: string): Request {
  request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

/** What `send` answers with the access token, for what `fetch` can't do, such as an upload that tells how far it is.
 *
 * `send` is called once more, with a new token, where it throws a Problem of a token that doesn't hold. */
export async function sendAuthorized<T>(send: (token: string | null) => Promise<T>): Promise<T> {
  const token = await tokens.access();
  try {
    return await send(token);
  } catch (error) {
    const refused = error instanceof Problem && error.status === 401 && token !== null;
    if (!refused || !(await tokens.renew(token))) throw error;
    return send(await tokens.access());
  }
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw Problem.unreachable();
  }
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  fetch: authorizedFetch
});

type ApiAnswer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer.
 *
 * @throws Problem for everything else. */
export async function unwrap<T>(asked: Promise<ApiAnswer<T>>): Promise<T> {
  const { data, error, response } = await asked.catch((error: unknown) => {
    throw error instanceof SyntaxError ? Problem.unreadable() : error;
  });
  if (!response.ok) throw Problem.of(error, response.status);
  return data as T;
}
