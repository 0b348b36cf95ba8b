/**
 * Credit that a view gives the kernel: it sends no more than a bound ahead of what is acknowledged.
 *
 * @module
 */

const ACK_BYTES = 256 << 10;
const ACK_MS = 1000;

export class Credit {
  #number = 0;
  #ackedNumber = 0;
  #ackedMs = 0;
  #unackedBytes = 0;

  /** @param {(number: number) => void} acknowledge tells the kernel which batch was the last */
  constructor(acknowledge) {
    this.acknowledge = acknowledge;
  }

  /** Take so much of a batch. @param {number} number @param {number} bytes */
  receive(number, bytes) {
    this.#number = number;
    this.#unackedBytes += bytes;
  }

  /** Whether the kernel must hear before it sends more. */
  get isDue() {
    return this.#unackedBytes >= ACK_BYTES;
  }

  /** Whether it should hear after so long. @param {number} nowMs */
  isOverdue(nowMs) {
    return nowMs - this.#ackedMs >= ACK_MS;
  }

  /** Acknowledge all that was received, unless it was. */
  give() {
    if (this.#number === this.#ackedNumber) return;
    this.#ackedNumber = this.#number;
    this.#ackedMs = performance.now();
    this.#unackedBytes = 0;
    this.acknowledge(this.#number);
  }

  /** A new connection counts its batches anew. */
  restart() {
    this.#ackedNumber = 0;
  }
}
