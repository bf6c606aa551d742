/** Files that are sent, one after the other. */
import { sentence } from '#lib/api/problem.ts';
import { data as words } from '#lib/texts/data.ts';
import { fileSize } from './sizes.ts';
import { upload } from './upload.service.ts';

export type UploadLimits = { upload_most_bytes: number; extensions: readonly string[] };
export type UploadState = 'waiting' | 'sending' | 'done' | 'refused' | 'stopped';

/** One file on its way. */
export class Upload {
  readonly id: number;
  readonly file: File;
  state = $state<UploadState>('waiting');
  sent = $state(0);
  /** Why it was refused. */
  fault = $state('');
  /** Whether the file itself is at fault, so that another try would end alike. */
  hopeless = $state(false);
  #stop = new AbortController();

  constructor(id: number, file: File) {
    this.id = id;
    this.file = file;
  }

  get percent(): number {
    return this.file.size === 0 ? 0 : Math.min(100, Math.floor((100 * this.sent) / this.file.size));
  }

  stop(): void {
    if (this.state === 'waiting') this.state = 'stopped';
    this.#stop.abort();
  }

  async send(plant: string, send: typeof upload): Promise<void> {
    this.#stop = new AbortController();
    this.state = 'sending';
    this.sent = 0;
    try {
      await send(this.file, plant, (bytes) => (this.sent = bytes), this.#stop.signal);
      this.state = 'done';
    } catch (error) {
      this.state = this.#stop.signal.aborted ? 'stopped' : 'refused';
      this.fault = sentence(error);
    }
  }
}

export class UploadQueue {
  all = $state.raw<readonly Upload[]>([]);
  #plant: string;
  #arrived: () => void;
  #send: typeof upload;
  #sending = false;
  #next = 1;

  /** @param arrived is called when a file lies in the drop folder. */
  constructor(plant: string, arrived: () => void, send = upload) {
    this.#plant = plant;
    this.#arrived = arrived;
    this.#send = send;
  }

  /** Send these files; those that the gateway would refuse are refused here. */
  async add(files: Iterable<File>, limits: UploadLimits): Promise<void> {
    const added = [...files].map((file) => new Upload(this.#next++, file));
    for (const one of added) {
      one.fault = refusal(one.file, limits);
      if (!one.fault) continue;
      one.state = 'refused';
      one.hopeless = true;
    }
    this.all = [...added.toReversed(), ...this.all];
    await this.#work();
  }

  async retry(one: Upload): Promise<void> {
    one.state = 'waiting';
    one.fault = '';
    await this.#work();
  }

  async #work(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (let one = this.#nextWaiting(); one; one = this.#nextWaiting()) {
      await one.send(this.#plant, this.#send);
      if (one.state === 'done') this.#arrived();
    }
    this.#sending = false;
  }

  #nextWaiting(): Upload | undefined {
    return this.all.findLast((one) => one.state === 'waiting');
  }
}

/** Why a file need not be sent; empty where nothing speaks against it. */
export function refusal(file: { name: string; size: number }, limits: UploadLimits): string {
  const name = file.name.toLowerCase();
  if (!limits.extensions.some((extension) => name.endsWith(extension)))
    return words.drop.extension(limits.extensions.join(', '));
  if (file.size === 0) return words.drop.empty;
  return file.size > limits.upload_most_bytes ? words.drop.tooLarge(fileSize(limits.upload_most_bytes)) : '';
}
