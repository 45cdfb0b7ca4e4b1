package main

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
)

// faults counts requests by verb and resource, and makes some of them fail.
type faults struct {
	mutex       sync.Mutex
	random      *rand.Rand
	percent     int
	out         bool
	requests    map[string]int // "apply deployments"
	open        map[string]int // those that are under way, watches for the most part
	failed      int
	connections int // begun
	refused     int // of them during an outage
	live        map[net.Conn]struct{}
}

func newFaults(seed uint64) *faults {
	return &faults{
		random:   rand.New(rand.NewPCG(seed, seed)),
		requests: map[string]int{},
		open:     map[string]int{},
		live:     map[net.Conn]struct{}{},
	}
}

type stats struct {
	Requests    map[string]int `json:"requests"`
	Open        map[string]int `json:"open"`
	Failed      int            `json:"failed"`
	Connections int            `json:"connections"`
	Refused     int            `json:"refused"`
}

func (f *faults) stats() stats {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return stats{maps.Clone(f.requests), maps.Clone(f.open), f.failed, f.connections, f.refused}
}

func (f *faults) reset() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	clear(f.requests)
	f.failed, f.connections, f.refused = 0, 0, 0
}

func (f *faults) fail(percent int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.percent = percent
}

func (f *faults) outage(on bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.out = on
	if on {
		for connection := range f.live {
			_ = connection.Close()
		}
	}
}

// The ways in which a request fails.
const (
	answered = iota
	serverError
	tooManyRequests
	cut
)

func (f *faults) begin(what string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.requests[what]++
	f.open[what]++
	if f.random.IntN(100) >= f.percent {
		return answered
	}
	f.failed++
	return serverError + f.random.IntN(3)
}

func (f *faults) end(what string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.open[what]--; f.open[what] == 0 {
		delete(f.open, what)
	}
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := describe(r)
		fate := f.begin(what)
		defer f.end(what)
		switch fate {
		case serverError:
			refuse(w, http.StatusInternalServerError, "InternalError")
		case tooManyRequests:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusTooManyRequests, "TooManyRequests")
		case cut:
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func refuse(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
		"status": "Failure", "reason": reason, "message": "made to fail by the benchmark", "code": code,
	})
}

// describe names a request as "<verb> <resource>[/<subresource>]".
func describe(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return "discover " + r.URL.Path
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	what := parts[0]
	if len(parts) > 2 {
		what += "/" + parts[2]
	}
	return verbOf(r, len(parts) > 1) + " " + what
}

func verbOf(r *http.Request, named bool) string {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Has("watch"):
		return "watch"
	case r.Method == http.MethodGet && !named:
		return "list"
	case r.Method == http.MethodPatch && strings.Contains(r.Header.Get("Content-Type"), "apply-patch"):
		return "apply"
	case r.Method == http.MethodPost:
		return "create"
	case r.Method == http.MethodPut:
		return "update"
	default:
		return strings.ToLower(r.Method)
	}
}

// listener keeps record of the connections, to cut them in an outage.
func (f *faults) listener(inner net.Listener) net.Listener { return &recorded{inner, f} }

type recorded struct {
	net.Listener
	faults *faults
}

func (l *recorded) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.faults.admit(connection) {
			return &tracked{Conn: connection, faults: l.faults}, nil
		}
		_ = connection.Close()
	}
}

func (f *faults) admit(connection net.Conn) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.connections++
	if f.out {
		f.refused++
		return false
	}
	f.live[connection] = struct{}{}
	return true
}

type tracked struct {
	net.Conn
	faults *faults
}

func (t *tracked) Close() error {
	t.faults.mutex.Lock()
	delete(t.faults.live, t.Conn)
	t.faults.mutex.Unlock()
	return t.Conn.Close()
}
