import { afterEach, expect, it, vi } from 'vitest';
import { Problem } from './problem.ts';

vi.stubGlobal('location', { origin: 'http://gateway' });
const { api, authenticateBy, sendAuthorized, unwrap } = await import('./client.ts');

/** Tokens of which the first doesn't hold. */
function tokens(renews = true): void {
  let token = 'old';
  authenticateBy({
    access: async () => token,
    renew: async () => {
      token = 'new';
      return renews;
    }
  });
}

/** A gateway that takes the new token only. */
function gateway() {
  const fetched = vi.fn(async (request: Request) => {
    const good = request.headers.get('authorization') === 'Bearer new';
    return good ? Response.json({ id: 7, body: await request.text() }) : Response.json({}, { status: 401 });
  });
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const act = () => {
  const params = { path: { warning_id: 7 } };
  return unwrap(api.POST('/warnings/{warning_id}/ack', { params, body: { note: 'x', horizon_hours: 3 } }));
};

afterEach(() => vi.unstubAllGlobals());

it('repeats an action once, with its body, where the token didn’t hold', async () => {
  tokens();
  const fetched = gateway();
  expect(await act()).toEqual({ id: 7, body: '{"note":"x","horizon_hours":3}' });
  expect(fetched).toHaveBeenCalledTimes(2);
});

it('repeats nothing where the log-in has ended', async () => {
  tokens(false);
  const fetched = gateway();
  await expect(act()).rejects.toMatchObject({ status: 401 });
  expect(fetched).toHaveBeenCalledTimes(1);
});

it('repeats an upload once with the new token', async () => {
  tokens();
  const send = vi.fn(async (token: string | null) => {
    if (token !== 'new') throw new Problem(401, 'unauthorized', 'no');
    return 'sent';
  });
  expect(await sendAuthorized(send)).toBe('sent');
  expect(send).toHaveBeenCalledTimes(2);
  send.mockRejectedValue(new Problem(413, 'too-large', 'no'));
  await expect(sendAuthorized(send)).rejects.toMatchObject({ status: 413 });
  expect(send).toHaveBeenCalledTimes(3);
});

it('says so where the answer isn’t the gateway’s', async () => {
  tokens();
  vi.stubGlobal('fetch', async () => new Response('<html>Sign in to the wifi</html>'));
  await expect(act()).rejects.toMatchObject({ type: 'unreadable', away: true });
});
