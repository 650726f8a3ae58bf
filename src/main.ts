#!/usr/bin/env node
/** The entry point: from the command line to a subcommand, and from an error to an exit code. */
import { Command, CommanderError } from "commander";
import { archiveCommand } from "./cli/archive.ts";
import { backupCommand } from "./cli/backup.ts";
import { EXIT, exitCodeOf } from "./cli/exit-codes.ts";
import { journalCommand } from "./cli/journal.ts";
import { serveCommand } from "./cli/serve.ts";
import { verifyCommand } from "./cli/verify.ts";
import { version } from "./cli/version.ts";

const program = new Command("pregao")
  .description("A whole exchange in one process.")
  .version(version)
  .exitOverride();
const commands = [serveCommand(), journalCommand(), backupCommand(), archiveCommand(), verifyCommand()];
for (const command of commands) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has written its message already; help and version are no mistakes.
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    process.stderr.write(`pregao: ${(error as Error).message}\n`);
    process.exit(exitCodeOf(error));
  }
}
