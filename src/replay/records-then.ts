/** A question about the past: commands as they were journaled, with the place and the hash of the frames that hold them. */
import type { FramePlace, Journaled } from "../domain/past.ts";
import type { Seq } from "../domain/units.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { type FoundFrame, findFrame, oldestSeqIn } from "../journal/find-frame.ts";
import { segmentName } from "../journal/segment.ts";
import { PastError } from "./past-error.ts";
import type { PastQuestion } from "./past-question.ts";

type Asked = { readonly seqs: readonly Seq[] };

/** In the order of the question. No state is needed for it, so it costs the reading of a segment. */
export const recordsThen: PastQuestion<Asked, readonly Journaled[]> = async (
  { seqs },
  { directory, now, signal },
) => {
  const { journal } = pathsIn(directory);
  const records: Journaled[] = [];
  let found: FoundFrame | null = null;
  for (const seq of seqs) {
    signal.throwIfAborted();
    if (seq > now.seq) throw new PastError({ kind: "after-now", seq: now.seq });
    if (found === null || !holds(found, seq)) {
      found = await findFrame({ directory: journal, seq, loaded: found?.image });
      if (found === null) throw new PastError({ kind: "removed", oldestSeq: await oldestSeqIn(journal) });
    }
    records.push({ entry: found.frame.entries[seq - found.frame.firstSeq]!, place: placeOf(found) });
  }
  return records;
};

function holds({ frame }: FoundFrame, seq: Seq): boolean {
  return seq >= frame.firstSeq && seq < frame.firstSeq + frame.entries.length;
}

function placeOf({ frame, bytes }: FoundFrame): FramePlace {
  const { segment, offset, firstSeq, entries, epoch, hash } = frame;
  const lastSeq = (firstSeq + entries.length - 1) as Seq;
  return { segment, file: segmentName(segment), offset, bytes, firstSeq, lastSeq, epoch, hash };
}
