"""A worker without an SDK: counts the words of texts. Python's standard library is all it needs.

    EQUEUE_URL=http://127.0.0.1:7878 EQUEUE_KEY=eq_… python3 worker.py QUEUE FOLDER

Serves jobs such as {"task": "text.count", "payload": {"text": "moby-dick"}}, whose text is FOLDER/moby-dick.txt. The
key needs the scope work. SIGTERM lets it finish the job at hand and gives back the others.
"""
import collections, http.client, json, os, pathlib, random, re, signal, sys, threading, time
import urllib.error, urllib.request

URL, KEY = os.environ.get("EQUEUE_URL", "http://127.0.0.1:7878").rstrip("/"), os.environ["EQUEUE_KEY"]
LEASE = 15  # seconds; what is not heard of for so long may run elsewhere
WAIT = 5  # seconds; also how long a stop may take, since a claim under way is awaited: it may bring jobs
PATIENCE = 60  # seconds, for a settlement while the server is away

stopping = threading.Event()


def call(path, body, is_over):
    """The answer's status and JSON. Comes again, ever more rarely, while the server is away or busy, until is_over():
    then the status is 0. A settlement may be repeated: one that was accepted before is told so and changes nothing."""
    pause = 0.1
    while True:
        request = urllib.request.Request(URL + path, json.dumps(body).encode(), method="POST")
        request.add_header("Authorization", "Bearer " + KEY)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=WAIT + 20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            if refused.code not in (429, 500, 502, 503, 504):
                return refused.code, json.loads(refused.read() or b"null")
            wait = float(refused.headers.get("Retry-After") or pause)
        except (OSError, ValueError, http.client.HTTPException):
            wait = pause
        if is_over():
            return 0, None
        time.sleep(wait * random.uniform(0.5, 1))
        pause = min(pause * 2, 5)


class Heartbeat:
    """Keeps a lease alive, and knows which of its jobs are not to go on."""

    def __init__(self, lease):
        self.lease, self.lost, self.cancelled, self.over = lease, False, set(), threading.Event()
        threading.Thread(target=self.beat, daemon=True).start()

    def beat(self):
        while not self.over.wait(LEASE / 3):
            status, answer = call(f"/v1/leases/{self.lease}/heartbeat", {"lease_seconds": LEASE}, self.over.is_set)
            if status == 200:
                self.cancelled |= set(answer["cancelling"])
            elif status != 0:
                self.lost = True  # its jobs run elsewhere soon
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()


def count_words(folder, payload):
    name = payload["text"]
    if not re.fullmatch(r"[a-z0-9-]{1,100}", name):
        raise ValueError(f"'{name}' is no name of a text")
    words = re.findall(r"\w+", (folder / f"{name}.txt").read_text().lower())
    common = collections.Counter(words).most_common(3)
    return {"words": len(words), "distinct": len(set(words)), "common": [word for word, _ in common]}


def run(job, folder):
    """The outcome of one job."""
    try:
        if job["task"] != "text.count":
            raise ValueError(f"this worker has no task '{job['task']}'")
        return {"id": job["id"], "outcome": "succeeded", "result": count_words(folder, job["payload"])}
    except Exception as fault:
        # Another try mends no wrong payload; a text that cannot be read may be there later.
        wrong = isinstance(fault, (KeyError, TypeError, ValueError))
        return {"id": job["id"], "outcome": "failed", "error": f"{type(fault).__name__}: {fault}", "permanent": wrong}


def work(queue, folder):
    """Claims once, and runs and settles what comes."""
    claim = {"queues": [queue], "max": 10, "lease_seconds": LEASE, "wait_seconds": WAIT, "worker": "worker.py"}
    status, claimed = call("/v1/leases", claim, stopping.is_set)
    if status not in (0, 200):
        sys.exit(f"the claim was refused: {claimed}")
    if status == 0 or not claimed["jobs"]:
        return
    outcomes = []
    with Heartbeat(claimed["lease"]) as heartbeat:
        for job in claimed["jobs"]:
            if heartbeat.lost:
                return
            if stopping.is_set():
                outcomes.append({"id": job["id"], "outcome": "released"})
            elif job["id"] in heartbeat.cancelled:
                outcomes.append({"id": job["id"], "outcome": "cancelled"})
            else:
                outcomes.append(run(job, folder))
        until = time.monotonic() + PATIENCE
        call(f"/v1/leases/{claimed['lease']}/settle", {"jobs": outcomes}, lambda: time.monotonic() > until)


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    while not stopping.is_set():
        work(sys.argv[1], pathlib.Path(sys.argv[2]))
