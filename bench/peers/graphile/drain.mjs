// drain.mjs URL [JOBS]: what bench_drain does, done by Graphile Worker in its fastest documented configuration (local queue of
// 500, batched completion, 24 concurrent jobs in one process). Prints one line of JSON.
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const [url, jobs = "200000"] = process.argv.slice(2);
const total = Number(jobs);
const schema = "graphile_bench";
const quiet = new Logger(() => () => {});
const seconds = (begin) => Number(process.hrtime.bigint() - begin) / 1e9;

const utils = await makeWorkerUtils({ connectionString: url, schema, logger: quiet });
await utils.migrate();
await utils.withPgClient((client) => client.query(`TRUNCATE ${schema}._private_jobs`));

const payload = { user_id: 12345, note: "a payload of about one hundred bytes, which is what people put into a job" };
const batch = Array.from({ length: 1000 }, () => ({ identifier: "noop", payload }));
let begin = process.hrtime.bigint();
for (let done = 0; done < total; done += batch.length) await utils.addJobs(batch);
const enqueueSeconds = seconds(begin);

let finished = 0;
let allDone;
const drained = new Promise((resolve) => (allDone = resolve));
begin = process.hrtime.bigint();
const runner = await run({
  preset: {
    worker: {
      connectionString: url,
      schema,
      logger: quiet,
      concurrentJobs: 24,
      maxPoolSize: 10,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
  taskList: {
    noop: () => {
      if (++finished === total) allDone();
    },
  },
});
await drained;
// Drained means settled: the last completions are still on their way when the last handler returns.
for (;;) {
  const { rows } = await utils.withPgClient((client) => client.query(`SELECT count(*)::int AS n FROM ${schema}._private_jobs`));
  if (rows[0].n === 0) break;
}
const drainSeconds = seconds(begin);
await runner.stop();
await utils.release();
console.log(
  JSON.stringify({ jobs: total, enqueue_per_second: Math.round(total / enqueueSeconds), drain_per_second: Math.round(total / drainSeconds) }),
);
process.exit(0);
