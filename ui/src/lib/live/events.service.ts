/** The gateway's stream of events, over fetch as EventSource can't send a token; resumed where it broke. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { authorizedFetch } from '#lib/api/client.ts';
import { parseEvent } from './event-shapes.ts';
import type { LiveEvent } from './types.ts';

export type ConnectionState = 'connecting' | 'open' | 'lost';

export type StreamListener = {
  onEvent(event: LiveEvent): void;
  onConnection(state: ConnectionState): void;
  /** Connected anew: what happened before is to be read by other routes. `missed` is false where all of it was sent again. */
  onConnect(missed: boolean): void;
};

const FIRST_PAUSE_MS = 500;
const SLOWEST_MS = 15_000;
/** The gateway sends a comment each 15 s: a stream that is silent for longer than this is dead. */
const SILENT_MS = 40_000;

/** Follow until `signal` aborts.
 *
 * @throws nothing: a lost stream is told, and begun again. */
export async function follow(
  types: readonly string[],
  listener: StreamListener,
  signal: AbortSignal
): Promise<void> {
  let lastId = '';
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    listener.onConnection('connecting');
    const attempt = new AbortController();
    const end = () => attempt.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      const response = await authorizedFetch(request(types, lastId, attempt.signal));
      if (response.ok && response.body) {
        listener.onConnection('open');
        listener.onConnect(lastId === '');
        await read(response.body, attempt, (message) => {
          pause = FIRST_PAUSE_MS;
          if (message.id) lastId = message.id;
          if (message.event === 'gap') lastId = '';
          const event = parseEvent(message.event ?? 'message', message.data);
          if (event) listener.onEvent(event);
        });
      }
    } catch (error) {
      if (!signal.aborted) console.info('events: the stream broke', error);
    } finally {
      attempt.abort();
      signal.removeEventListener('abort', end);
    }
    if (signal.aborted) return;
    listener.onConnection('lost');
    // Not all windows at once, when a gateway comes back.
    await new Promise((resume) => setTimeout(resume, pause * (0.5 + Math.random() / 2)));
    pause = Math.min(pause * 2, SLOWEST_MS);
  }
}

function request(types: readonly string[], lastId: string, signal: AbortSignal): Request {
  const url = new URL(`/events?types=${types.join(',')}`, location.origin);
  const headers = lastId ? { 'Last-Event-ID': lastId } : undefined;
  return new Request(url, { headers, signal, cache: 'no-store' });
}

async function read(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  attempt: AbortController,
  onEvent: (message: EventSourceMessage) => void
): Promise<void> {
  const parser = createParser({ onEvent });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const silent = setTimeout(() => attempt.abort(), SILENT_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silent));
    if (done) return;
    parser.feed(value);
  }
}
