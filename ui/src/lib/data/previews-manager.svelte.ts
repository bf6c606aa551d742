/** Files that are read before their upload is confirmed, one after the other. */
import { Problem, sentence } from '#lib/api/problem.ts';
import type { PreviewedFile } from './data.service.ts';
import { readPreview } from './upload.service.ts';
import { refusal, type UploadLimits, type UploadQueue } from './uploads-manager.svelte.ts';

export type PreviewState = 'waiting' | 'reading' | 'read' | 'rejected' | 'failed';

/** One file, and what it would mean. */
export class Preview {
  readonly id: number;
  readonly file: File;
  state = $state<PreviewState>('waiting');
  /** Null: not read, or not possible. */
  told = $state.raw<PreviewedFile | null>(null);
  /** Why there is no preview. */
  fault = $state('');
  #stop = new AbortController();

  constructor(id: number, file: File) {
    this.id = id;
    this.file = file;
  }

  /** Whether it may be uploaded: it is read and not refused, or nobody can tell. */
  get uploadable(): boolean {
    return this.state === 'read' || this.state === 'failed';
  }

  stop(): void {
    this.#stop.abort();
  }

  async read(plant: string, read: typeof readPreview): Promise<void> {
    this.state = 'reading';
    this.fault = '';
    try {
      this.told = await read(this.file, plant, this.#stop.signal);
      this.state = this.told.refused ? 'rejected' : 'read';
    } catch (error) {
      this.fault = this.#stop.signal.aborted ? '' : sentence(error);
      this.state = wouldBeRefused(error) ? 'rejected' : 'failed';
    }
  }
}

export class PreviewQueue {
  all = $state.raw<readonly Preview[]>([]);
  #plant: string;
  #uploads: UploadQueue;
  #read: typeof readPreview;
  #limits: UploadLimits = { upload_most_bytes: Infinity, extensions: [''] };
  #reading = false;
  #next = 1;

  /** @param uploads gets the files that are confirmed. */
  constructor(plant: string, uploads: UploadQueue, read = readPreview) {
    this.#plant = plant;
    this.#uploads = uploads;
    this.#read = read;
  }

  /** Those that can be uploaded. */
  get uploadable(): readonly Preview[] {
    return this.all.filter((one) => one.uploadable);
  }

  /** Read these files; those that the gateway would refuse unread go to the uploads, which say why. */
  async add(files: Iterable<File>, limits: UploadLimits): Promise<void> {
    this.#limits = limits;
    const refused: File[] = [];
    const added: Preview[] = [];
    for (const file of files) {
      if (refusal(file, limits)) refused.push(file);
      else added.push(new Preview(this.#next++, file));
    }
    void this.#uploads.add(refused, limits);
    this.all = [...this.all, ...added];
    await this.#work();
  }

  async again(one: Preview): Promise<void> {
    one.state = 'waiting';
    await this.#work();
  }

  cancel(one: Preview): void {
    one.stop();
    this.#remove([one]);
  }

  async confirm(...confirmed: readonly Preview[]): Promise<void> {
    const files = confirmed.filter((one) => one.uploadable).map((one) => one.file);
    this.#remove(confirmed);
    await this.#uploads.add(files, this.#limits);
  }

  /** Stop reading: nobody looks any more. */
  end(): void {
    for (const one of this.all) one.stop();
    this.all = [];
  }

  #remove(gone: readonly Preview[]): void {
    this.all = this.all.filter((one) => !gone.includes(one));
  }

  async #work(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    for (let one = this.#nextWaiting(); one; one = this.#nextWaiting())
      await one.read(this.#plant, this.#read);
    this.#reading = false;
  }

  #nextWaiting(): Preview | undefined {
    return this.all.find((one) => one.state === 'waiting');
  }
}

/** Whether the upload would be refused for the same reason as the preview: the request itself is at fault. */
function wouldBeRefused(error: unknown): boolean {
  return error instanceof Problem && [401, 403, 413, 415, 422].includes(error.status);
}
