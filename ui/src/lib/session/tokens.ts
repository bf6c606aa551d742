/** Access and refresh tokens, shared by all tabs of a browser: each refresh token holds for one use.
 *
 * They lie in localStorage, as the gateway takes no cookies (decision 0007); the page runs no script but its own
 * (its Content-Security-Policy), so that nothing else can read them there.
 */
import { Problem } from '#lib/api/problem.ts';

const KEY = 'forewarn.session';
const EARLY_MS = 30_000;

export type StoredTokens = { access: string; refresh: string; expiresAt: number };
type Answer = { access_token: string; refresh_token: string; expires_in: number };

export function readTokens(): StoredTokens | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return isStored(found) ? found : null;
  } catch {
    return null;
  }
}

export function keep(answer: Answer): void {
  const expiresAt = Date.now() + answer.expires_in * 1000;
  const kept: StoredTokens = { access: answer.access_token, refresh: answer.refresh_token, expiresAt };
  localStorage.setItem(KEY, JSON.stringify(kept));
}

export function forget(): void {
  localStorage.removeItem(KEY);
}

/** Calls back when another tab logged in or out. */
export function onOtherTab(callback: () => void): () => void {
  const listener = (event: StorageEvent) => (event.key === KEY || event.key === null) && callback();
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}

/** An access token that holds; null where nobody is logged in, or the log-in has ended.
 *
 * @throws Problem where the gateway can't be asked for a new one: the log-in may still hold. */
export async function access(): Promise<string | null> {
  const now = readTokens();
  if (now === null || now.expiresAt - EARLY_MS > Date.now()) return now?.access ?? null;
  return await renew(now.access);
}

/** The token after `old`: one that another tab fetched meanwhile, or a new one. */
export async function renew(old: string): Promise<string | null> {
  return await navigator.locks.request(KEY, async () => {
    const now = readTokens();
    if (now === null || now.access !== old) return now?.access ?? null;
    const answer = await requestTokens(now.refresh);
    // Who logged out meanwhile stays out.
    if (readTokens()?.refresh !== now.refresh) return readTokens()?.access ?? null;
    if (answer === null) forget();
    else keep(answer);
    return answer?.access_token ?? null;
  });
}

async function requestTokens(token: string): Promise<Answer | null> {
  let response: Response;
  try {
    const body = JSON.stringify({ refresh_token: token });
    const headers = { 'Content-Type': 'application/json' };
    response = await fetch('/auth/refresh', { method: 'POST', headers, body });
  } catch {
    throw Problem.unreachable();
  }
  if (response.status === 401) return null;
  if (!response.ok) throw Problem.of(await response.json().catch(() => null), response.status);
  return (await response.json()) as Answer;
}

function isStored(found: unknown): found is StoredTokens {
  if (typeof found !== 'object' || found === null) return false;
  const { access, refresh, expiresAt } = found as Record<string, unknown>;
  return typeof access === 'string' && typeof refresh === 'string' && typeof expiresAt === 'number';
}
