/**
 * Loaded before the exchange, lets its disk fail on command: while the file that FAULT_DIRECTORY names for a
 * fault exists, every sync fails, or the disk says that it is full. SYNC_FAILS_AT names one sync that fails by its number.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const { FAULT_DIRECTORY, SYNC_FAILS_AT } = process.env;
const wanted = (fault) => FAULT_DIRECTORY !== undefined && fs.existsSync(join(FAULT_DIRECTORY, fault));
let syncs = 0;
const { fdatasync } = fs;
const { statfs } = fs.promises;

fs.fdatasync = (file, done) => {
  syncs += 1;
  if (syncs !== Number(SYNC_FAILS_AT) && !wanted("sync-fails")) return fdatasync(file, done);
  setImmediate(() => done(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" })));
};
fs.promises.statfs = async (path) => {
  const found = await statfs(path);
  return wanted("disk-is-full") ? { ...found, bsize: found.bsize, bavail: 0 } : found;
};
syncBuiltinESMExports();
