// Package controller brings the cluster to what a plan asks for.
package controller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/ptr"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"scalableapp.dev/tests/bench/peer/internal/plan"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const appIndex = "app"

// ChildKinds is everything that carries our label and that a plan looks at, owners before what they own.
var ChildKinds = []client.Object{
	&appsv1.Deployment{},
	&appsv1.ReplicaSet{},
	&corev1.Pod{},
	&corev1.Service{},
	&autoscalingv2.HorizontalPodAutoscaler{},
	&policyv1.PodDisruptionBudget{},
}

// CacheOptions scopes the caches to what is ours: what others run costs no memory here. Nothing of them is ever
// changed by this program, so nothing has to be copied out of them.
func CacheOptions() (cache.Options, error) {
	ours, err := labels.NewRequirement(v1alpha1.AppLabel, selection.Exists, nil)
	if err != nil {
		return cache.Options{}, err
	}
	out := cache.Options{
		DefaultTransform:             cache.TransformStripManagedFields(),
		DefaultUnsafeDisableDeepCopy: ptr.To(true),
		ByObject:                     map[client.Object]cache.ByObject{},
	}
	for _, kind := range ChildKinds {
		out.ByObject[kind] = cache.ByObject{Label: labels.NewSelector().Add(*ours)}
	}
	return out, nil
}

// AddIndexes makes the children of one application a look-up.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	for _, kind := range ChildKinds {
		if err := indexer.IndexField(ctx, kind, appIndex, func(object client.Object) []string {
			return []string{object.GetLabels()[v1alpha1.AppLabel]}
		}); err != nil {
			return err
		}
	}
	return nil
}

// observe reads an application's children, and theirs. They are told by the owner's UID, not by the label alone,
// so that neither a stranger's object nor a predecessor's pods count.
func observe(ctx context.Context, reader client.Reader, app *v1alpha1.ScalableApp) (*plan.Observed, error) {
	var (
		deployments appsv1.DeploymentList
		replicaSets appsv1.ReplicaSetList
		pods        corev1.PodList
		services    corev1.ServiceList
		autoscalers autoscalingv2.HorizontalPodAutoscalerList
		budgets     policyv1.PodDisruptionBudgetList
	)
	scope := []client.ListOption{client.InNamespace(app.Namespace), client.MatchingFields{appIndex: app.Name}}
	for _, list := range []client.ObjectList{&deployments, &replicaSets, &pods, &services, &autoscalers, &budgets} {
		if err := reader.List(ctx, list, scope...); err != nil {
			return nil, err
		}
	}
	family := sets.New(app.UID)
	return &plan.Observed{
		Deployments: descendants(deployments.Items, family),
		ReplicaSets: descendants(replicaSets.Items, family),
		Pods:        descendants(pods.Items, family),
		Services:    descendants(services.Items, family),
		Autoscalers: descendants(autoscalers.Items, family),
		Budgets:     descendants(budgets.Items, family),
	}, nil
}

func descendants[T any, P interface {
	*T
	metav1.Object
}](items []T, family sets.Set[types.UID]) []T {
	out := items[:0]
	for i := range items {
		object := P(&items[i])
		if owner := metav1.GetControllerOfNoCopy(object); owner != nil && family.Has(owner.UID) {
			family.Insert(object.GetUID())
			out = append(out, items[i])
		}
	}
	return out
}
