/** Prints what the demonstration shows, each line with whether it is as it should be. */
export class Report {
  #failures = 0;

  get failures(): number {
    return this.#failures;
  }

  title(text: string): void {
    console.log(`\n${text}`);
  }

  note(text: string): void {
    console.log(`  ${text}`);
  }

  check(isAsExpected: boolean, text: string): void {
    if (!isAsExpected) this.#failures += 1;
    console.log(`  ${isAsExpected ? '✓' : '✗'} ${text}`);
  }
}
