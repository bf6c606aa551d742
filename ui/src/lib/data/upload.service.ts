/** Sends a file to the gateway and tells how far it is, which `fetch` can't. */
import { sendAuthorized } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';
import type { PreviewedFile } from './data.service.ts';

type Sending = {
  path: string;
  good: number;
  file: File;
  plant: string;
  sent?: (bytes: number) => void;
  signal: AbortSignal;
};

/** Send a file to a plant's drop folder.
 *
 * @param sent is told how many bytes have gone.
 * @throws Problem where it is refused; AbortError where `signal` stopped it. */
export async function upload(
  file: File,
  plant: string,
  sent: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  await send({ path: '/drops', good: 201, file, plant, sent, signal });
}

/** What a file would mean as a drop of the plant; nothing is stored.
 *
 * @throws Problem where that can't be told; AbortError where `signal` stopped it. */
export async function readPreview(file: File, plant: string, signal: AbortSignal): Promise<PreviewedFile> {
  const answer = await send({ path: '/drops/preview', good: 200, file, plant, signal });
  if (answer === null) throw Problem.unreadable();
  return answer as PreviewedFile;
}

const send = (sending: Sending): Promise<unknown> => sendAuthorized((token) => sendWith(token, sending));

async function sendWith(token: string | null, sending: Sending): Promise<unknown> {
  const { path, good, file, plant, sent, signal } = sending;
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const query = new URLSearchParams({ plant, name: file.name });
  request.open('POST', `${globalThis.location.origin}${path}?${query}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  if (token !== null) request.setRequestHeader('Authorization', `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (sent) request.upload.onprogress = (event) => sent(event.loaded);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(Problem.unreachable());
    request.onload = () => {
      const answer = parseJson(request.responseText);
      if (request.status === good) resolve(answer);
      else reject(Problem.of(answer, request.status));
    };
    request.send(file);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
