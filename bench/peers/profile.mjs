// Profiles what a contestant does while it is measured, and nothing else: a file for each cell.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const SAMPLE_US = 200;

export class Profile {
  #session = new Session();
  #file;

  constructor(folder) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#session.connect();
  }

  async begin(name) {
    await this.end();
    this.#file = join(this.folder, `${name.replaceAll('/', '-')}.cpuprofile`);
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await this.#session.post('Profiler.start');
  }

  async end() {
    if (this.#file === undefined) return;
    const { profile } = await this.#session.post('Profiler.stop');
    writeFileSync(this.#file, JSON.stringify(profile));
    this.#file = undefined;
  }
}
