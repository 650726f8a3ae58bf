/**
 * Loaded before the exchange, lets its disk fail on command: while the file that FAULT_DIRECTORY names for a
 * fault exists, every sync fails, or the disk says that it is full.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const wanted = (fault) => fs.existsSync(join(process.env.FAULT_DIRECTORY, fault));
const { fdatasync } = fs;
const { statfs } = fs.promises;

fs.fdatasync = (file, done) => {
  if (!wanted("sync-fails")) return fdatasync(file, done);
  setImmediate(() => done(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" })));
};
fs.promises.statfs = async (path) => {
  const found = await statfs(path);
  return wanted("disk-is-full") ? { ...found, bsize: found.bsize, bavail: 0 } : found;
};
syncBuiltinESMExports();
