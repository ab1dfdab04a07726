// peer.mjs enqueue|drain|latency URL JOBS [STEP]: Graphile Worker, measured as the bench measures eQueue. Prints one line of
// JSON. For the drain its fastest documented configuration: a local queue of 500, batched completion, 24 jobs at once in one
// process. For latency the same without the local queue, which is for throughput.
import { readFileSync } from "node:fs";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const [command, url, jobsText, stepText = "0"] = process.argv.slice(2);
const jobs = Number(jobsText);
const step = Number(stepText) || jobs;
const schema = "graphile_bench";
const quiet = new Logger(() => () => {});
const nanoseconds = () => process.hrtime.bigint();
const perSecond = (count, begin) => count / (Number(nanoseconds() - begin) / 1e9);
const payload = { user_id: 12345, note: "a payload of about one hundred bytes, which is what people put into a job" };
const { version } = JSON.parse(readFileSync("node_modules/graphile-worker/package.json", "utf8"));

const utils = await makeWorkerUtils({ connectionString: url, schema, logger: quiet });
await utils.withPgClient((client) => client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
await utils.migrate();

const answer = (figures) => console.log(JSON.stringify({ name: "Graphile Worker", version, ...figures }));

const start = (worker, taskList) =>
  run({
    preset: { worker: { connectionString: url, schema, logger: quiet, concurrentJobs: 24, maxPoolSize: 10, ...worker } },
    taskList,
  });

async function fill() {
  const batch = Array.from({ length: Math.min(jobs, 1000) }, () => ({ identifier: "noop", payload }));
  const begin = nanoseconds();
  for (let done = 0; done < jobs; done += batch.length) await utils.addJobs(batch);
  return perSecond(jobs, begin);
}

async function drain() {
  let finished = 0;
  let allDone;
  const drained = new Promise((resolve) => (allDone = resolve));
  const steps = [];
  const begin = nanoseconds();
  let stepBegin = begin;
  const noop = () => {
    if (++finished % step === 0) {
      steps.push(perSecond(step, stepBegin));
      stepBegin = nanoseconds();
    }
    if (finished === jobs) allDone();
  };
  const runner = await start({ localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }, { noop });
  await drained;
  // Drained means settled: the last completions are still on their way when the last handler returns.
  for (;;) {
    const { rows } = await utils.withPgClient((client) => client.query(`SELECT count(*)::int AS n FROM ${schema}._private_jobs`));
    if (rows[0].n === 0) break;
  }
  const rate = perSecond(jobs, begin);
  await runner.stop();
  return { drain_per_second: rate, steps };
}

async function latency() {
  let started;
  const times = [];
  const stamp = ({ at_ns }) => {
    times.push(Number(nanoseconds() - BigInt(at_ns)) / 1e6);
    started();
  };
  const runner = await start({}, { stamp });
  for (let count = 0; count < jobs; ++count) {
    const next = new Promise((resolve) => (started = resolve));
    await utils.addJob("stamp", { at_ns: String(nanoseconds()) });
    await next;
  }
  await runner.stop();
  return { times_ms: times.slice(Math.floor(jobs / 10)) };
}

if (command === "enqueue") answer({ enqueue_per_second: await fill() });
if (command === "drain") answer({ enqueue_per_second: await fill(), ...(await drain()) });
if (command === "latency") answer(await latency());
await utils.withPgClient((client) => client.query(`DROP SCHEMA ${schema} CASCADE`));
await utils.release();
process.exit(0);
