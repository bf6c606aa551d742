/** Sends a file to the gateway and tells how far it is, which `fetch` can't. */
import { sendAuthorized } from '#lib/api/client.ts';
import { Problem } from '#lib/api/problem.ts';

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
  await sendAuthorized((token) => sendWith(token, file, plant, sent, signal));
}

async function sendWith(
  token: string | null,
  file: File,
  plant: string,
  sent: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const query = new URLSearchParams({ plant, name: file.name });
  request.open('POST', `${globalThis.location.origin}/drops?${query}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  if (token !== null) request.setRequestHeader('Authorization', `Bearer ${token}`);
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(Problem.unreachable());
    request.onload = () =>
      request.status === 201
        ? resolve()
        : reject(Problem.of(parseJson(request.responseText), request.status));
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
