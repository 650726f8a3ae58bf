/** Takes the lock of the directory it is given, says so, and holds it until it is ended. */
import { lockDataDirectory } from "../../src/journal/lock.ts";

lockDataDirectory(process.argv[2]!);
process.stdout.write("locked\n");
setInterval(() => {}, 1_000);
