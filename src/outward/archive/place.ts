/** Where an archive is, as plain data that a thread can be given, and the target that it stands for. */
import { join } from "node:path";
import { pathsIn } from "../../journal/data-directory.ts";
import { DirectoryTarget } from "./directory-target.ts";
import { type S3Place, S3Target } from "./s3-target.ts";
import type { Target } from "./target.ts";
import { UploadNotes } from "./upload-notes.ts";

export type ArchivePlace =
  | { readonly kind: "directory"; readonly directory: string }
  | ({ readonly kind: "s3" } & S3Place);

/** `directory` is the data directory, in which it is noted how far an upload is. */
export function openTarget(place: ArchivePlace, directory: string): Target {
  if (place.kind === "directory") return new DirectoryTarget(place.directory);
  return new S3Target(place, new UploadNotes(join(pathsIn(directory).archiveWork, "upload.json")));
}
