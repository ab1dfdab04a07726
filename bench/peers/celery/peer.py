"""peer.py enqueue|drain|latency URL JOBS [STEP]: Celery on Redis, measured as the bench measures eQueue. Prints one line of JSON.

The reference that is no queue on PostgreSQL: it starts a Redis of its own and leaves URL alone. Redis as it comes, which
writes nothing to the disk before it answers; a worker of two processes, prefetching, without results, gossip and mingle.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from celery import Celery, __version__
from redis import Redis

HERE = Path(__file__).resolve().parent
PAYLOAD = {"user_id": 12345, "note": "a payload of about one hundred bytes, which is what people put into a job"}
QUEUE = "celery"

app = Celery("peer", broker=os.environ.get("PEER_BROKER", "memory://"))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=250, broker_connection_retry_on_startup=True)


@app.task(name="noop")
def noop(payload):
    pass


@app.task(name="stamp")
def stamp(began):
    Redis.from_url(stamps_url()).lpush("started", time.monotonic_ns() - began)


def stamps_url():
    return os.environ["PEER_BROKER"].replace("redis+socket://", "unix://")


def per_second(count, begin):
    return count / (time.monotonic() - begin)


def start_redis(folder):
    libraries = ":".join(str(path) for path in HERE.glob("redis/usr/lib/*-linux-gnu"))
    server = subprocess.Popen(
        [HERE / "redis/usr/bin/redis-server", "--port", "0", "--unixsocket", f"{folder}/socket", "--dir", folder],
        env={**os.environ, "LD_LIBRARY_PATH": libraries}, stdout=subprocess.DEVNULL)
    os.environ["PEER_BROKER"] = app.conf.broker_url = f"redis+socket://{folder}/socket"
    redis = Redis(unix_socket_path=f"{folder}/socket")
    for _ in range(1000):
        if Path(f"{folder}/socket").exists():
            break
        time.sleep(0.01)
    return server, redis


def start_worker():
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "peer", "worker", "--concurrency", "2", "--loglevel", "ERROR",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=HERE, env={**os.environ, "PYTHONWARNINGS": "ignore"}, stdout=subprocess.DEVNULL)


def fill(jobs):
    begin = time.monotonic()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(jobs):
            noop.apply_async((PAYLOAD,), producer=producer)
    return per_second(jobs, begin)


def drain(redis, jobs, step):
    left = lambda: redis.llen(QUEUE) + redis.hlen("unacked")  # noqa: E731
    worker = start_worker()
    try:
        while left() == jobs:
            time.sleep(0.002)
        steps, done, begin = [], 0, time.monotonic()
        step_begin = begin
        while (now_left := left()) > 0:
            if jobs - now_left >= done + step:
                steps.append((jobs - now_left - done) / (time.monotonic() - step_begin))
                done, step_begin = jobs - now_left, time.monotonic()
            time.sleep(0.002)
        rate = per_second(jobs, begin)
        steps.append((jobs - done) / (time.monotonic() - step_begin))
        return {"drain_per_second": rate, "steps": steps}
    finally:
        worker.terminate()
        worker.wait()


def latency(redis, jobs):
    worker = start_worker()
    try:
        times = []
        with app.producer_pool.acquire(block=True) as producer:
            for _ in range(jobs):
                stamp.apply_async((time.monotonic_ns(),), producer=producer)
                times.append(int(redis.blpop("started", timeout=30)[1]) / 1e6)
        return {"times_ms": times[jobs // 10 :]}
    finally:
        worker.terminate()
        worker.wait()


def main():
    command, jobs = sys.argv[1], int(sys.argv[3])
    step = int(sys.argv[4]) if len(sys.argv) > 4 else jobs
    answer = {"name": "Celery on Redis", "version": __version__}
    with tempfile.TemporaryDirectory() as folder:
        server, redis = start_redis(folder)
        try:
            if command in ("enqueue", "drain"):
                answer["enqueue_per_second"] = fill(jobs)
            if command == "drain":
                answer |= drain(redis, jobs, step)
            if command == "latency":
                answer |= latency(redis, jobs)
        finally:
            server.terminate()
            server.wait()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
