import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The origin: what is in stock, in a JSON file. Whoever reads it finds the old state or the new one, never half of it. */
export class StockFile {
  /** How often it was written. */
  writes = 0;
  /** While it is, nothing can be written. */
  isReadOnly = false;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(private readonly folder: string) {}

  static async create(): Promise<StockFile> {
    const folder = await mkdtemp(join(tmpdir(), 'stock-'));
    await writeFile(join(folder, 'stock.json'), '{}');
    return new StockFile(folder);
  }

  /** All values share one file: writes of different keys follow each other. */
  write(article: string, count: number): Promise<void> {
    const written = this.#queue.then(() => this.replace(article, count));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async read(): Promise<Readonly<Record<string, number>>> {
    return JSON.parse(await readFile(this.path, 'utf8'));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  private async replace(article: string, count: number): Promise<void> {
    if (this.isReadOnly) throw new Error('EROFS: read-only file system');
    const draft = `${this.path}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify({ ...(await this.read()), [article]: count }));
    await rename(draft, this.path); // takes the place of the old file in one step
    this.writes += 1;
  }

  private get path(): string {
    return join(this.folder, 'stock.json');
  }
}
