/** Loaded before a command, ends its process as a power cut would at the moment at which it renames something. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

fs.promises.rename = () => process.kill(process.pid, "SIGKILL");
syncBuiltinESMExports();
