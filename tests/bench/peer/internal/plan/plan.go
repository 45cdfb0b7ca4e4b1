// Package plan decides: from what is asked for and what is seen to what must be so. It reads no clock and
// talks to nobody.
package plan

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// HashAnnotation makes a field that an older intent had, and this one has not, a difference.
const HashAnnotation = "scalableapp.dev/intent-hash"

// Configuration is an apply configuration of client-go.
type Configuration interface {
	runtime.ApplyConfiguration
	GetName() *string
	GetNamespace() *string
}

// Intent is one object as our field manager wants it.
type Intent struct {
	Kind          string
	Configuration Configuration
	Meta          *metav1ac.ObjectMetaApplyConfiguration // the configuration's
	Empty         client.Object                          // of the configuration's API type
}

// Scale is a pod count that the spec fixes. It is patched apart from the intents: what server-side apply owns
// and no longer sends falls back to its default, so an autoscaler could not take over.
type Scale struct {
	Name     string
	Replicas int32
}

// Observed is what the caches hold of one application. The objects are the cache's own: read only.
type Observed struct {
	Deployments []appsv1.Deployment
	ReplicaSets []appsv1.ReplicaSet
	Pods        []corev1.Pod
	Services    []corev1.Service
	Autoscalers []autoscalingv2.HorizontalPodAutoscaler
	Budgets     []policyv1.PodDisruptionBudget
}

// Event is worth telling once the status says it.
type Event struct {
	Warning bool
	Reason  string
	Action  string
	Note    string
}

// Plan is everything that one look at an application leads to.
type Plan struct {
	Intents   []Intent
	Scale     *Scale
	Removals  []client.Object // children of ours that nothing asks for any more
	Status    v1alpha1.ScalableAppStatus
	Events    []Event
	LookAgain time.Duration // when time alone may change the answer; 0: never
}

// For plans one application.
func For(app *v1alpha1.ScalableApp, observed *Observed, now metav1.Time) (*Plan, error) {
	out := &Plan{}
	state := webState(app, observed, &out.Status)
	if app.Spec.Management != v1alpha1.ManagementObserve {
		if err := out.addIntents(app, observed, &state); err != nil {
			return nil, err
		}
	}
	judge(app, &state, now, out)
	return out, nil
}

func (p *Plan) addIntents(app *v1alpha1.ScalableApp, observed *Observed, state *tierState) error {
	intents, scale, problem := webIntents(app)
	if problem != nil {
		// What there is of the tier stays as it is.
		state.cause = &Cause{Reason: "InvalidPatch", Detail: problem.Error(), NeedsHelp: true}
		state.settled = false
		return nil
	}
	for i := range intents {
		if err := addHash(&intents[i]); err != nil {
			return err
		}
	}
	if !applied(intents, scale, observed) {
		// Nothing that is seen now tells of a spec that is not applied yet.
		state.settled = false
		state.doing = "Applying"
		state.cause = nil
	}
	p.Intents, p.Scale = intents, scale
	p.Removals = removals(app, intents, observed)
	return nil
}

func addHash(intent *Intent) error {
	text, err := json.Marshal(intent.Configuration)
	if err != nil {
		return fmt.Errorf("%s: %w", intent.Kind, err)
	}
	hash := fnv.New64a()
	hash.Write(text)
	intent.Meta.WithAnnotations(map[string]string{HashAnnotation: fmt.Sprintf("%016x", hash.Sum64())})
	return nil
}

func applied(intents []Intent, scale *Scale, observed *Observed) bool {
	for i := range intents {
		current := observed.Find(intents[i].Kind, *intents[i].Configuration.GetName())
		if current == nil || Differs(&intents[i], current) {
			return false
		}
	}
	if scale == nil {
		return true
	}
	current, ok := observed.Find("Deployment", scale.Name).(*appsv1.Deployment)
	return ok && current.Spec.Replicas != nil && *current.Spec.Replicas == scale.Replicas
}

// Find returns nil where there is none.
func (o *Observed) Find(kind, name string) client.Object {
	switch kind {
	case "Deployment":
		return byName(o.Deployments, name)
	case "Service":
		return byName(o.Services, name)
	case "HorizontalPodAutoscaler":
		return byName(o.Autoscalers, name)
	case "PodDisruptionBudget":
		return byName(o.Budgets, name)
	}
	return nil
}

func byName[T any, P interface {
	*T
	client.Object
}](list []T, name string) client.Object {
	for i := range list {
		if object := P(&list[i]); object.GetName() == name {
			return object
		}
	}
	return nil
}

func removals(app *v1alpha1.ScalableApp, intents []Intent, observed *Observed) []client.Object {
	var out []client.Object
	check := func(kind string, object client.Object) {
		if !metav1.IsControlledBy(object, app) {
			return
		}
		for i := range intents {
			if intents[i].Kind == kind && *intents[i].Configuration.GetName() == object.GetName() {
				return
			}
		}
		out = append(out, object)
	}
	for i := range observed.Deployments {
		check("Deployment", &observed.Deployments[i])
	}
	for i := range observed.Services {
		check("Service", &observed.Services[i])
	}
	for i := range observed.Autoscalers {
		check("HorizontalPodAutoscaler", &observed.Autoscalers[i])
	}
	for i := range observed.Budgets {
		check("PodDisruptionBudget", &observed.Budgets[i])
	}
	return out
}
