// peer.mjs enqueue|drain URL JOBS [STEP]: pg-boss, measured as the bench measures eQueue. Prints one line of JSON. Its
// fastest way of working: three loops of fetch and complete, 500 jobs each. It has no latency to compare: it polls, at most
// twice a second.
import { readFileSync } from "node:fs";
import pg from "pg";
import { PgBoss } from "pg-boss";

const [command, url, jobsText, stepText = "0"] = process.argv.slice(2);
const jobs = Number(jobsText);
const step = Number(stepText) || jobs;
const queue = "bench";
const schema = "pgboss_bench";
const nanoseconds = () => process.hrtime.bigint();
const perSecond = (count, begin) => count / (Number(nanoseconds() - begin) / 1e9);
const data = { user_id: 12345, note: "a payload of about one hundred bytes, which is what people put into a job" };
const { version } = JSON.parse(readFileSync("node_modules/pg-boss/package.json", "utf8"));

const drop = async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await client.end();
};

await drop();
const boss = new PgBoss({ connectionString: url, schema, schedule: false });
boss.on("error", (error) => console.error(error.message));
await boss.start();
await boss.createQueue(queue);

const answer = (figures) => console.log(JSON.stringify({ name: "pg-boss", version, ...figures }));

async function fill() {
  const batch = Array.from({ length: Math.min(jobs, 1000) }, () => ({ data }));
  const begin = nanoseconds();
  for (let done = 0; done < jobs; done += batch.length) await boss.insert(queue, batch);
  return perSecond(jobs, begin);
}

async function drain() {
  let finished = 0;
  const steps = [];
  const begin = nanoseconds();
  let stepBegin = begin;
  let stepEnd = step;
  const loop = async () => {
    for (;;) {
      const fetched = await boss.fetch(queue, { batchSize: 500 });
      if (!fetched || fetched.length === 0) return;
      await boss.complete(queue, fetched.map((job) => job.id));
      finished += fetched.length;
      if (finished < stepEnd) continue;
      steps.push(perSecond(step, stepBegin));
      stepBegin = nanoseconds();
      stepEnd += step;
    }
  };
  await Promise.all([loop(), loop(), loop()]);
  if (finished !== jobs) throw new Error(`${finished} of ${jobs} jobs were completed`);
  return { drain_per_second: perSecond(jobs, begin), steps };
}

if (command === "enqueue") answer({ enqueue_per_second: await fill() });
if (command === "drain") answer({ enqueue_per_second: await fill(), ...(await drain()) });
if (command === "latency") answer({ absent: "it polls, at most twice a second" });
await boss.stop({ graceful: false });
await drop();
process.exit(0);
