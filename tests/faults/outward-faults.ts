/**
 * Faults of what leaves the exchange, of what is let go of once it has, and of long lists from outside, which the
 * simulator has none of. The files are those under `src`.
 */
import type { Replacement } from "./fault.ts";

/** The test that must notice it is a file under `tests`. */
export type OutwardFault = Replacement & { readonly test: string };

export const OUTWARD_FAULTS: readonly OutwardFault[] = [
  {
    name: "a settlement is marked as delivered before it is answered",
    file: "outward/settlements/delivery-loop.ts",
    from: "    const { traceId } = item.row;\n",
    to: "    const { traceId } = item.row;\n    this.#changes.push({ delivery: deliveryOf(item, RECORDED.delivered, startedAt), attempt: null });\n    this.flush();\n",
    test: "outward/settlements/delivery-loop.test.ts",
  },
  {
    name: "a trade's row in the outbox is not of the trade's transaction",
    file: "projections/ledger/ledger-writer.ts",
    from: "        this.#memory.outbox.record(event, outcome);\n",
    to: "        queueMicrotask(() => this.#memory.outbox.record(event, outcome));\n",
    test: "ledger/outbox-rows.test.ts",
  },
  {
    name: "the manifest of an archive is written before its objects are",
    file: "outward/archive/archiver.ts",
    from: "    await target.upload(key, file, (done) => tell(key, file.bytes === 0 ? 1 : done / file.bytes));\n    const fault = await copyFault(target, expected);\n",
    to: "    void target.upload(key, file, () => {}).catch(() => {});\n    const fault: string | null = null;\n",
    test: "outward/archive/archiver.test.ts",
  },
  {
    name: "the ledger lets go of a range before it is read back",
    file: "outward/archive/droppable.ts",
    from: "    const faulty = await rangeFault(range, manifest, target);\n",
    to: "    yield { seq: lastSeq as Seq, frameHash };\n    const faulty = await rangeFault(range, manifest, target);\n",
    test: "outward/archive/retention.test.ts",
  },
  {
    name: "the ledger lets go of what has not been delivered",
    file: "projections/ledger/retention.ts",
    from: "    const rows = next.all(after, arrivedSettlement) as [number, number][];\n",
    to: "    const rows = next.all(after, Number.MAX_SAFE_INTEGER) as [number, number][];\n",
    test: "ledger/retention.test.ts",
  },
  {
    name: "what is kept of an unfinished delivery counts as arrived",
    file: "outward/settlements/store.ts",
    from: "    return Math.min(first ?? Number.MAX_SAFE_INTEGER, this.taken + 1) - 1;\n",
    to: "    return first === null ? 0 : this.taken;\n",
    test: "outward/settlements/store.test.ts",
  },
  {
    name: "the change stream skips a command where the past meets the present",
    file: "edge/changes/change-reader.ts",
    from: "    this.#endReplay();\n    return this.#source.tail.behind(this.#position, this.#through);\n",
    to: "    const joins = this.#replay === undefined ? 0 : 1;\n    this.#endReplay();\n    return this.#source.tail.behind((this.#position + joins) as Seq, this.#through);\n",
    test: "changes/change-streams.test.ts",
  },
  {
    name: "long settlements take no more room in a frame than other commands",
    file: "sequencer/sequencer.ts",
    from: "1 + Math.ceil(command.entries.length / ENTRIES_A_COMMAND)",
    to: "1",
    test: "sequencer/together.test.ts",
  },
];
