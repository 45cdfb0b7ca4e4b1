package controller

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"scalableapp.dev/tests/bench/peer/internal/plan"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// What only others can change and no watch of ours sees (a stranger's object, a quota, our rights).
	lookAgain = 10 * time.Second

	// A rollout tells of itself in bursts: one look at the end of a burst sees what ten looks would.
	burst = 100 * time.Millisecond

	deadline = 2 * time.Minute
)

var (
	readyMetric   = gauge("scalableapp_ready", "1 when the ScalableApp's Ready condition is True, else 0")
	stalledMetric = gauge("scalableapp_stalled", "1 when the ScalableApp's Stalled condition is True, else 0")
)

func gauge(name, help string) *prometheus.GaugeVec {
	out := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"namespace", "name"})
	metrics.Registry.MustRegister(out)
	return out
}

// Reconciler brings one ScalableApp from what is seen to what is asked for.
type Reconciler struct {
	Client client.Client
	Live   client.Reader
	Events events.EventRecorder
}

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	builder := ctrl.NewControllerManagedBy(mgr).
		Named("scalableapp").
		For(&v1alpha1.ScalableApp{}).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			ReconciliationTimeout:   deadline,
		})
	for _, kind := range ChildKinds {
		builder = builder.Watches(kind, childHandler())
	}
	return builder.Complete(r)
}

type requestQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// childHandler enqueues the application that a child carries the label of, once per burst. The first list of
// children needs no reconcile of its own: their applications are listed too.
func childHandler() handler.EventHandler {
	enqueue := func(object client.Object, queue requestQueue) {
		if name := object.GetLabels()[v1alpha1.AppLabel]; name != "" {
			queue.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: name}}, burst)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, queue requestQueue) {
			if !e.IsInInitialList {
				enqueue(e.Object, queue)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue requestQueue) {
			enqueue(e.ObjectOld, queue)
			enqueue(e.ObjectNew, queue)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, queue requestQueue) {
			enqueue(e.Object, queue)
		},
	}
}

// Reconcile observes, plans, applies the difference and writes the status.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	cached := &v1alpha1.ScalableApp{}
	err := r.Client.Get(ctx, request.NamespacedName, cached)
	if apierrors.IsNotFound(err) || (err == nil && cached.DeletionTimestamp != nil) {
		// Its children carry owner references: the garbage collector takes them.
		labels := prometheus.Labels{"namespace": request.Namespace, "name": request.Name}
		readyMetric.Delete(labels)
		stalledMetric.Delete(labels)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	observed, err := observe(ctx, r.Client, cached)
	if err != nil {
		return reconcile.Result{}, err
	}
	now := metav1.Now().Rfc3339Copy()
	app := *cached
	app.Status.Conditions = withoutProblems(cached.Status.Conditions)
	todo, err := plan.For(&app, observed, now)
	if err != nil {
		return reconcile.Result{}, err
	}
	applier := applier{client: r.Client, live: r.Live, app: cached}
	if err := applier.apply(ctx, todo, observed); err != nil {
		if errors.Is(err, errLeaving) || errors.Is(err, errOutdated) {
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, err
	}
	for _, found := range applier.problems {
		if event, isNew := eventFor(found, cached); isNew {
			todo.Events = append(todo.Events, event)
		}
	}
	addProblems(&todo.Status, applier.problems, cached, now)
	if err := r.publish(ctx, cached, todo); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	return resultOf(&applier, todo)
}

func (r *Reconciler) publish(ctx context.Context, app *v1alpha1.ScalableApp, todo *plan.Plan) error {
	measure(app, todo.Status.Conditions)
	if equality.Semantic.DeepEqual(app.Status, todo.Status) {
		return nil
	}
	if err := r.Client.Status().Apply(ctx, v1alpha1.ApplyStatus(app, &todo.Status), client.ForceOwnership); err != nil {
		return err
	}
	// Only after the status stands: a transition that was not recorded happens again.
	for _, event := range todo.Events {
		kind := corev1.EventTypeNormal
		if event.Warning {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(app, nil, kind, event.Reason, event.Action, "%s", event.Note)
	}
	return nil
}

func measure(app *v1alpha1.ScalableApp, conditions []metav1.Condition) {
	set := func(metric *prometheus.GaugeVec, kind string) {
		value := 0.0
		if meta.IsStatusConditionTrue(conditions, kind) {
			value = 1
		}
		metric.WithLabelValues(app.Namespace, app.Name).Set(value)
	}
	set(readyMetric, "Ready")
	set(stalledMetric, "Stalled")
}

func resultOf(applier *applier, todo *plan.Plan) (reconcile.Result, error) {
	for _, found := range applier.problems {
		if !found.stalled { // the server's trouble
			return reconcile.Result{}, errors.New(applier.problems[0].message)
		}
	}
	again := todo.LookAgain
	if (len(applier.problems) > 0 || applier.waiting) && (again == 0 || again > lookAgain) {
		again = lookAgain
	}
	return reconcile.Result{RequeueAfter: again}, nil
}
