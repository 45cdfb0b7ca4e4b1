package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	for _, c := range []struct{ method, target, contentType, want string }{
		{"GET", "/api/v1/pods?watch=true", "", "watch pods"},
		{"GET", "/apis/apps/v1/deployments?limit=500", "", "list deployments"},
		{"GET", "/apis/apps/v1/namespaces/a/deployments/b", "", "get deployments"},
		{"PATCH", "/api/v1/namespaces/a/services/b", "application/apply-patch+yaml", "apply services"},
		{"PATCH", "/apis/apps/v1/namespaces/a/deployments/b", "application/merge-patch+json", "patch deployments"},
		{"PATCH", "/apis/scalableapp.dev/v1alpha1/namespaces/a/scalableapps/b/status", "application/apply-patch+yaml", "apply scalableapps/status"},
		{"PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "", "update leases"},
		{"POST", "/apis/events.k8s.io/v1/namespaces/a/events", "", "create events"},
		{"GET", "/api/v1/namespaces/a", "", "get namespaces"},
		{"GET", "/apis/apps/v1", "", "discover /apis/apps/v1"},
	} {
		request := httptest.NewRequest(c.method, c.target, nil)
		request.Header.Set("Content-Type", c.contentType)
		if got := describe(request); got != c.want {
			t.Errorf("%s %s is %q instead of %q", c.method, c.target, got, c.want)
		}
	}
}

// reached counts what comes through.
func reached(count *int) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { *count++ })
}

func TestFailsAsManyAsAsked(t *testing.T) {
	const all = 2000
	faults := newFaults(1)
	faults.fail(10)
	through := 0
	server := httptest.NewServer(faults.wrap(reached(&through)))
	defer server.Close()
	for range all {
		if response, err := http.Get(server.URL + "/api/v1/pods"); err == nil {
			_ = response.Body.Close()
		}
	}
	// A client may send a request again whose connection was cut: what the proxy saw counts.
	stats := faults.stats()
	seen := stats.Requests["list pods"]
	if seen < all || through+stats.Failed != seen {
		t.Errorf("%d of %d requests went through, %d failed", through, seen, stats.Failed)
	}
	if share := float64(stats.Failed) / float64(seen); share < 0.07 || share > 0.13 {
		t.Errorf("%.1f %% failed", share*100)
	}
}

func TestOutageCutsAndRefuses(t *testing.T) {
	faults := newFaults(1)
	through := 0
	server := httptest.NewUnstartedServer(faults.wrap(reached(&through)))
	server.Listener = faults.listener(server.Listener)
	server.Start()
	defer server.Close()
	ask := func() error {
		response, err := http.Post(server.URL+"/api/v1/namespaces", "", strings.NewReader("{}"))
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	faults.outage(true)
	// The first on the connection that was cut, the second on a new one.
	for range 2 {
		if ask() == nil {
			t.Error("an answer in an outage")
		}
	}
	if faults.stats().Refused == 0 {
		t.Error("the try was not counted")
	}
	faults.outage(false)
	if err := ask(); err != nil {
		t.Errorf("no answer after an outage: %v", err)
	}
}
