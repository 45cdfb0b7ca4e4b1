// The proxy stands between an operator and the API server: it counts requests and makes some of them fail. Both
// operators get the very same one, with the same seed.
//
//	proxy -listen 127.0.0.1:7443 -control 127.0.0.1:7080 -upstream https://10.0.0.1:6443 \
//	      -upstream-ca ca.crt -client-cert admin.crt -client-key admin.key -ca-out proxy-ca.crt
//	curl -X POST '127.0.0.1:7080/fail?percent=10'     one request in ten
//	curl -X POST '127.0.0.1:7080/outage?on=true'      every connection is cut, and each new one at once
//	curl 127.0.0.1:7080/stats                          what was asked since the last POST /reset
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

type options struct {
	listen, control, upstream, upstreamCA, clientCert, clientKey, caOut string
	seed                                                                uint64
}

func main() {
	var flags options
	flag.StringVar(&flags.listen, "listen", "127.0.0.1:0", "where operators connect to")
	flag.StringVar(&flags.control, "control", "127.0.0.1:0", "where this proxy takes orders")
	flag.StringVar(&flags.upstream, "upstream", "", "URL of the API server")
	flag.StringVar(&flags.upstreamCA, "upstream-ca", "", "its CA (PEM)")
	flag.StringVar(&flags.clientCert, "client-cert", "", "certificate to ask it with (PEM)")
	flag.StringVar(&flags.clientKey, "client-key", "", "the certificate's key (PEM)")
	flag.StringVar(&flags.caOut, "ca-out", "", "where to write this proxy's own CA (PEM)")
	flag.Uint64Var(&flags.seed, "seed", 1, "of the choice which requests fail")
	flag.Parse()
	if err := run(flags); err != nil {
		log.Fatalf("proxy: %v", err)
	}
}

func run(flags options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	upstream, err := url.Parse(flags.upstream)
	if err != nil {
		return err
	}
	transport, err := transportTo(flags)
	if err != nil {
		return err
	}
	identity, err := newIdentity(flags.caOut)
	if err != nil {
		return err
	}
	faults := newFaults(flags.seed)
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // watches
		ErrorLog:      log.New(nowhere{}, "", 0),
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(upstream)
			request.Out.Header.Del("Authorization") // the proxy has a certificate of its own
		},
	}
	server := &http.Server{
		Handler:   faults.wrap(proxy),
		ErrorLog:  log.New(nowhere{}, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{identity}, NextProtos: []string{"h2", "http/1.1"}},
	}
	listener, err := net.Listen("tcp", flags.listen)
	if err != nil {
		return err
	}
	control := &http.Server{Addr: flags.control, Handler: orders(faults)}
	failed := make(chan error, 2)
	go func() { failed <- server.ServeTLS(faults.listener(listener), "", "") }()
	go func() { failed <- control.ListenAndServe() }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, server.Close(), control.Close())
}

func transportTo(flags options) (*http.Transport, error) {
	ca, err := os.ReadFile(flags.upstreamCA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", flags.upstreamCA)
	}
	pair, err := tls.LoadX509KeyPair(flags.clientCert, flags.clientKey)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 64,
	}, nil
}

// newIdentity makes a certificate for 127.0.0.1 that lives as long as this process.
func newIdentity(caOut string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "benchmark proxy"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(caOut, text, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, nil
}

// orders is what the benchmark tells the proxy.
func orders(faults *faults) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(faults.stats())
	})
	mux.HandleFunc("POST /reset", func(http.ResponseWriter, *http.Request) { faults.reset() })
	mux.HandleFunc("POST /fail", func(w http.ResponseWriter, r *http.Request) {
		percent, err := strconv.Atoi(r.FormValue("percent"))
		if err != nil || percent < 0 || percent > 100 {
			http.Error(w, "percent: 0 to 100", http.StatusBadRequest)
			return
		}
		faults.fail(percent)
	})
	mux.HandleFunc("POST /outage", func(w http.ResponseWriter, r *http.Request) {
		on, err := strconv.ParseBool(r.FormValue("on"))
		if err != nil {
			http.Error(w, "on: true or false", http.StatusBadRequest)
			return
		}
		faults.outage(on)
	})
	return mux
}

type nowhere struct{}

func (nowhere) Write(text []byte) (int, error) { return len(text), nil }
