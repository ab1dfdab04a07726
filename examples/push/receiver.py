"""A receiver of pushed jobs: python3 receiver.py PORT whsec_… (port 0: any; it is printed)."""
import base64, hashlib, hmac, http.server, json, sys, time

SECRET = base64.b64decode(sys.argv[2].removeprefix("whsec_"))


def is_ours(headers, body):
    """Whether eQueue has signed this, not longer than five minutes ago."""
    id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not id or not timestamp or abs(time.time() - int(timestamp)) > 300:
        return False
    signed = hmac.new(SECRET, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return hmac.compare_digest("v1," + base64.b64encode(signed).decode(), headers["webhook-signature"])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not is_ours(self.headers, body):
            return self.send_error(401)
        job = json.loads(body)
        result = {"greeting": "Hello " + job["payload"]["name"]}  # the work; do it once for each job["id"]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(result).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
