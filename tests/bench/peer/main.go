// The peer: the operator's work done with controller-runtime, to be measured beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"scalableapp.dev/tests/bench/peer/internal/controller"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type options struct {
	metrics        string
	probes         string
	leaderElect    bool
	leaseNamespace string
	workers        int
}

func main() {
	var flags options
	flag.StringVar(&flags.metrics, "metrics-bind-address", ":8080", "address of /metrics")
	flag.StringVar(&flags.probes, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	flag.BoolVar(&flags.leaderElect, "leader-elect", true, "take the Lease before writing")
	flag.StringVar(&flags.leaseNamespace, "lease-namespace", "", "where the Lease is; default: the pod's namespace")
	flag.IntVar(&flags.workers, "workers", 4, "ScalableApps reconciled at the same time")
	flag.Parse()

	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler(), flags); err != nil {
		ctrl.Log.Error(err, "cannot go on")
		os.Exit(1)
	}
}

func run(ctx context.Context, flags options) error {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	caches, err := controller.CacheOptions()
	if err != nil {
		return err
	}
	// QPS is -1 by default: API priority and fairness is the only limit.
	cluster, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(cluster, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         caches,
		Client:                        client.Options{FieldOwner: controller.FieldManager, FieldValidation: "Strict"},
		Controller:                    config.Controller{UsePriorityQueue: ptr.To(true), EnableWarmup: ptr.To(true)},
		Metrics:                       metricsserver.Options{BindAddress: flags.metrics},
		HealthProbeBindAddress:        flags.probes,
		LeaderElection:                flags.leaderElect,
		LeaderElectionID:              controller.FieldManager,
		LeaderElectionNamespace:       flags.leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	if err := controller.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	reconciler := &controller.Reconciler{
		Client: mgr.GetClient(),
		Live:   mgr.GetAPIReader(),
		Events: mgr.GetEventRecorder("scalableapp.dev/operator"),
	}
	if err := reconciler.SetupWithManager(mgr, flags.workers); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("caches", synced(mgr.GetCache())); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// synced is ready once every cache is complete.
func synced(caches cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), 100*time.Millisecond)
		defer cancel()
		if !caches.WaitForCacheSync(ctx) {
			return errors.New("the caches are not complete yet")
		}
		return nil
	}
}
