import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NearestCitiesReply } from '../cities.controller.js';
import type { Place } from '../city-atlas.js';

export type Reply = { readonly milliseconds: number } & (
  ({ readonly status: 200 } & NearestCitiesReply) | { readonly status: number; readonly code: string }
);

const PROGRAM = fileURLToPath(new URL('application.js', import.meta.url));
const PATIENCE = 10_000;

/** An application in a process of its own, asked over HTTP. */
export class ApplicationProcess {
  private url = '';
  private output = '';
  private readonly exited: Promise<unknown[]>;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
  }

  /** @throws when the process does not serve in time, or with what it said when it ended */
  static async start(name: string): Promise<ApplicationProcess> {
    const child = fork(PROGRAM, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const application = new ApplicationProcess(name, child);
    const served = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
    const [url]: unknown[] = await Promise.race([served, application.exited]);
    if (typeof url !== 'string') throw new Error(`Process ${name} ended at once:\n${application.output}`);
    application.url = url;
    return application;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** How many cities it knows. */
  async countCities(): Promise<number> {
    const response = await this.#request('');
    const { cities }: { cities: number } = JSON.parse(await response.text());
    return cities;
  }

  /** @param keepFor how long the answer is to be kept, in seconds */
  async ask({ latitude, longitude }: Place, keepFor?: number): Promise<Reply> {
    const ttl = keepFor === undefined ? '' : `&keepFor=${keepFor}`;
    const start = performance.now();
    const response = await this.#request(`/nearest?latitude=${latitude}&longitude=${longitude}${ttl}`);
    const text = await response.text();
    const milliseconds = performance.now() - start;
    return { ...JSON.parse(text), status: response.status, milliseconds };
  }

  /** Lets it clear its cache. */
  async forget(): Promise<void> {
    const { status } = await this.#request('/nearest', 'DELETE');
    if (status !== 204) throw new Error(`Application ${this.name} answered ${status} to DELETE`);
  }

  /** What the cache has logged so far. */
  get cacheLog(): string[] {
    const lines = this.output.matchAll(/\[RedisCacheModule\] (.*?)(?: \+\d+ms)?$/gm);
    return [...lines].map(([, message = '']) => message);
  }

  /** Asks the process to end, and answers whether it did so by itself. */
  async end(): Promise<boolean> {
    const lastResort = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE);
    if (this.child.connected) this.child.disconnect();
    const [code] = await this.exited;
    clearTimeout(lastResort);
    return code === 0;
  }

  #request(path: string, method = 'GET'): Promise<Response> {
    return fetch(`${this.url}/cities${path}`, { method, signal: AbortSignal.timeout(PATIENCE) });
  }
}
