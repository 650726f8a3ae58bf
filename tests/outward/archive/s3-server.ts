/** A server of one bucket, to be run as a process: its directory, port and bucket are the arguments. */
import S3rver from "s3rver";

const [directory, port, name] = process.argv.slice(2) as [string, string, string];
const server = new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  directory,
  silent: true,
  configureBuckets: [{ name, configs: [] }],
});
await server.run();
process.stdout.write("ready\n");
