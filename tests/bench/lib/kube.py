"""The API server as the benchmark sees it: plain requests and watches, nothing of the operators' own clients."""
import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

from say import Failed

MERGE = "application/merge-patch+json"


class Api:
    """Requests with the cluster's administrator certificate. Any thread; one connection each."""

    def __init__(self, folder):
        text = subprocess.run(["kubectl", "config", "view", "--raw", "-o", "json"], check=True, capture_output=True, text=True).stdout
        config = json.loads(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server = cluster["server"]
        self.ca = self._file(folder, "ca.crt", cluster, "certificate-authority")
        self.cert = self._file(folder, "admin.crt", user, "client-certificate")
        self.key = self._file(folder, "admin.key", user, "client-key")
        self.host = urllib.parse.urlsplit(self.server).netloc
        self._tls = ssl.create_default_context(cafile=self.ca)
        self._tls.load_cert_chain(self.cert, self.key)
        self._local = threading.local()

    @staticmethod
    def _file(folder, name, holder, field):
        if field in holder:
            return holder[field]
        path = os.path.join(folder, name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(base64.b64decode(holder[field + "-data"]))
        return path

    def connection(self, timeout=60):
        return http.client.HTTPSConnection(self.host, context=self._tls, timeout=timeout)

    def request(self, method, path, body=None, content_type="application/json", accept="application/json"):
        """(status, object): a connection that the server closed meanwhile is opened anew, once."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type, "Accept": accept}
        for attempt in (1, 2):
            if getattr(self._local, "connection", None) is None:
                self._local.connection = self.connection()
            try:
                self._local.connection.request(method, path, data, headers)
                response = self._local.connection.getresponse()
                text = response.read()
                return response.status, json.loads(text) if text[:1] == b"{" else text
            except (OSError, http.client.HTTPException):
                self._local.connection.close()
                self._local.connection = None
                if attempt == 2:
                    raise
        raise AssertionError("not reached")

    def must(self, method, path, body=None, content_type="application/json", allow=(), **more):
        status, answer = self.request(method, path, body, content_type, **more)
        if status >= 300 and status not in allow:
            message = answer.get("message", answer) if isinstance(answer, dict) else answer
            raise Failed(f"the API server answers {status} to {method} {path}: {message}")
        return answer

    def names(self, path):
        """Names of what is listed there, without their content."""
        answer = self.must("GET", path, accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
        return [item["metadata"]["name"] for item in answer["items"]]


class Watch(threading.Thread):
    """Calls `tell(type, object)` for every change from now on, in a thread of its own."""

    def __init__(self, api, path, tell, selector=""):
        super().__init__(daemon=True)
        self._tell = tell
        self._over = False
        query = {"labelSelector": selector} if selector else {}
        begin = api.must("GET", path + "?" + urllib.parse.urlencode({**query, "limit": 1}))
        query |= {"watch": "1", "resourceVersion": begin["metadata"]["resourceVersion"], "timeoutSeconds": "3600"}
        self._connection = api.connection(timeout=3600)
        self._connection.request("GET", path + "?" + urllib.parse.urlencode(query))
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise Failed(f"the API server answers {self._response.status} to a watch of {path}")
        self.start()

    def run(self):
        try:
            for line in self._response:
                event = json.loads(line)
                self._tell(event["type"], event["object"])
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            if not self._over:
                raise

    def stop(self):
        self._over = True
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
        self.join(10)
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def operator_kubeconfig(api, folder, server=None, ca=None):
    """A kubeconfig of a service account, as operators have one: path. Administrators are exempt from fairness."""
    namespace = "bench-operators"
    api.must("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}, allow=(409,))
    api.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "operator"}}, allow=(409,))
    api.must("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "metadata": {"name": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "operator"}]}, allow=(409,))
    token = api.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/operator/token",
                     {"spec": {"expirationSeconds": 86400}})["status"]["token"]
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "bench",
        "clusters": [{"name": "bench", "cluster": {"server": server or api.server, "certificate-authority": ca or api.ca}}],
        "users": [{"name": "bench", "user": {"token": token}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench", "namespace": namespace}}]}
    handle, path = tempfile.mkstemp(dir=folder, suffix=".kubeconfig")
    with os.fdopen(handle, "w") as out:
        json.dump(config, out)
    return path
