import { PollingPace } from './polling-pace.js';

/** Who waits for a change of which key. Each is told once, and is then forgotten. */
export class KeyWatches {
  readonly #byKey = new Map<string, Set<KeyWatch>>();
  readonly #pace = new PollingPace();

  add(key: string, onChange: () => void): KeyWatch {
    const watch = new KeyWatch(onChange, {
      pause: () => this.#pace.next(key),
      forget: () => this.#remove(key, watch),
    });
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, new Set([watch]));
    else others.add(watch);
    return watch;
  }

  wake(key: string): void {
    const watches = this.#byKey.get(key);
    if (watches === undefined) return;
    // Whoever looks again at once waits for the next change.
    this.#byKey.delete(key);
    for (const watch of watches) watch.wake();
  }

  /** @param concerns which keys; all when it is left out */
  wakeAll(concerns: (key: string) => boolean = () => true): void {
    const keys = Array.from(this.#byKey.keys()).filter(concerns);
    for (const key of keys) this.wake(key);
  }

  /** Wakes those that would look again after a while anyway. */
  wakePolling(): void {
    const all = Array.from(this.#byKey.values(), (watches) => Array.from(watches)).flat();
    for (const watch of all.filter(({ isPolling }) => isPolling)) watch.wake();
  }

  #remove(key: string, watch: KeyWatch): void {
    const watches = this.#byKey.get(key);
    if (watches?.delete(watch) === true && watches.size === 0) this.#byKey.delete(key);
  }
}

interface Registration {
  /** How long to wait until the key is looked at again, in milliseconds. */
  pause(): number;
  forget(): void;
}

/** One who waits for a change of one key. */
export class KeyWatch {
  readonly #registration: Registration;
  #onChange: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onChange: () => void, registration: Registration) {
    this.#onChange = onChange;
    this.#registration = registration;
  }

  get isPolling(): boolean {
    return this.#timer !== undefined;
  }

  wake(): void {
    const onChange = this.#onChange;
    this.stop();
    onChange?.();
  }

  /** Nobody tells of a change: it is supposed after a while. */
  poll(): void {
    if (this.#onChange === undefined || this.isPolling) return;
    // Whoever waits keeps the process alive; what nobody waits for must not.
    this.#timer = setTimeout(() => this.wake(), this.#registration.pause()).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onChange = undefined;
    this.#registration.forget();
  }
}
