/** How far a long piece of work has come: one line on a terminal's standard error, nothing anywhere else. */

/** What takes less than this needs no line. */
const FIRST_SHOWN_MS = 500;
const BETWEEN_MS = 100;
const CLEAR_LINE = "\r\u001b[K";
const BAR_WIDTH = 24;

export class Progress {
  readonly #visible: boolean;
  #nextAt = performance.now() + FIRST_SHOWN_MS;
  #shown = false;

  /** `alone` is false when standard output goes to the same terminal, where a line of progress would be in its way. */
  constructor({ alone = true }: { readonly alone?: boolean } = {}) {
    this.#visible = process.stderr.isTTY === true && (alone || process.stdout.isTTY !== true);
  }

  /** `part` is from 0 to 1; the text says what is being done. */
  show(part: number, text: string): void {
    if (!this.#visible || performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + BETWEEN_MS;
    this.#shown = true;
    const full = Math.round(Math.min(part, 1) * BAR_WIDTH);
    const bar = `${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}`;
    process.stderr.write(`${CLEAR_LINE}[${bar}] ${String(Math.floor(part * 100)).padStart(3)} % ${text}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) process.stderr.write(CLEAR_LINE);
    this.#shown = false;
  }
}
