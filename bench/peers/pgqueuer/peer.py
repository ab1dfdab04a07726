"""peer.py enqueue|drain|latency URL JOBS [STEP]: PgQueuer, measured as the bench measures eQueue. Prints one line of JSON.

With what its own benchmark uses: asyncpg, uvloop, batched dequeue and settlement, and a batch size of 500 for the drain.
"""

import asyncio
import json
import os
import sys
import time
from datetime import timedelta
from importlib.metadata import version

os.environ["PGQUEUER_SCHEMA"] = "pgqueuer_bench"

import asyncpg  # noqa: E402
import uvloop  # noqa: E402
from pgqueuer import PgQueuer, Queries  # noqa: E402
from pgqueuer.db import AsyncpgDriver  # noqa: E402
from pgqueuer.types import QueueExecutionMode  # noqa: E402

PAYLOAD = b'{"user_id": 12345, "note": "a payload of about one hundred bytes, which is what people put into a job"}'


def per_second(count, begin):
    return count / (time.monotonic() - begin)


async def fill(queries, jobs):
    size = min(jobs, 1000)
    begin = time.monotonic()
    for _ in range(0, jobs, size):
        await queries.enqueue(["noop"] * size, [PAYLOAD] * size, [0] * size)
    return per_second(jobs, begin)


async def drain(pgq, jobs, step):
    steps = []
    finished = 0
    begin = step_begin = time.monotonic()

    @pgq.entrypoint("noop")
    async def noop(job):
        nonlocal finished, step_begin
        finished += 1
        if finished % step == 0:
            steps.append(per_second(step, step_begin))
            step_begin = time.monotonic()

    await pgq.qm.run(batch_size=500, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
    if finished != jobs:
        raise RuntimeError(f"{finished} of {jobs} jobs ran")
    return {"drain_per_second": per_second(jobs, begin), "steps": steps}


async def latency(pgq, queries, jobs):
    times = []
    started = asyncio.Event()

    @pgq.entrypoint("stamp")
    async def stamp(job):
        times.append((time.monotonic_ns() - int(job.payload)) / 1e6)
        started.set()

    running = asyncio.create_task(pgq.qm.run(batch_size=10, dequeue_timeout=timedelta(seconds=1)))
    for _ in range(jobs):
        started.clear()
        await queries.enqueue("stamp", str(time.monotonic_ns()).encode())
        await started.wait()
    pgq.shutdown.set()
    await running
    return {"times_ms": times[jobs // 10 :]}


async def main():
    command, url, jobs = sys.argv[1], sys.argv[2], int(sys.argv[3])
    step = int(sys.argv[4]) if len(sys.argv) > 4 else jobs
    producer = await asyncpg.connect(url)
    await producer.execute("DROP SCHEMA IF EXISTS pgqueuer_bench CASCADE")
    queries = Queries(AsyncpgDriver(producer))
    await queries.install()
    pgq = PgQueuer(AsyncpgDriver(await asyncpg.connect(url)))
    answer = {"name": "PgQueuer", "version": version("pgqueuer")}
    if command in ("enqueue", "drain"):
        answer["enqueue_per_second"] = await fill(queries, jobs)
    if command == "drain":
        answer |= await drain(pgq, jobs, step)
    if command == "latency":
        answer |= await latency(pgq, queries, jobs)
    await producer.execute("DROP SCHEMA pgqueuer_bench CASCADE")
    print(json.dumps(answer))


uvloop.run(main())
