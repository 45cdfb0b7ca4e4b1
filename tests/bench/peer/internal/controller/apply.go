package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"scalableapp.dev/tests/bench/peer/internal/plan"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// FieldManager owns what this program applies.
const FieldManager = "scalableapp-peer"

// Reasons of problems.
const (
	reasonObjectConflict = "ObjectConflict"
	reasonForbidden      = "Forbidden"
	reasonApplyFailed    = "ApplyFailed"
)

// problem is what stands between an application and one of its objects, for the status.
type problem struct {
	stalled bool // nobody but a person (or a quota, a webhook) can change it
	reason  string
	message string
}

// A run that ends early, and nobody is to be told.
var (
	errLeaving  = errors.New("the namespace is being deleted")
	errOutdated = errors.New("the application has changed since the cache saw it")
)

type applier struct {
	client client.Client
	live   client.Reader // beside the caches, which hold only what carries our label
	app    *v1alpha1.ScalableApp

	problems  []problem
	waiting   bool // an object of a predecessor, or one of ours that is being deleted, must go first
	confirmed bool // the API server was asked: the application is as the cache has it
	replicas  *int32
	uid       types.UID // of the Deployment, once this run has written it
}

// apply makes, changes, removes and scales what differs. An object that is as asked for costs no request.
func (a *applier) apply(ctx context.Context, todo *plan.Plan, observed *plan.Observed) error {
	for i := range todo.Intents {
		if err := a.applyOne(ctx, &todo.Intents[i], observed); err != nil {
			return err
		}
	}
	for _, object := range todo.Removals {
		if err := a.remove(ctx, object); err != nil {
			return err
		}
	}
	if todo.Scale != nil {
		return a.scale(ctx, todo.Scale, observed)
	}
	return nil
}

// confirm asks once per run, before the first write: caches of different kinds lag by different times, and nothing is
// made or deleted for the sake of an application that has been changed or deleted since.
func (a *applier) confirm(ctx context.Context) error {
	if a.confirmed {
		return nil
	}
	now := &metav1.PartialObjectMetadata{}
	now.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))
	if err := a.live.Get(ctx, client.ObjectKeyFromObject(a.app), now); apierrors.IsNotFound(err) {
		return errOutdated
	} else if err != nil {
		return fmt.Errorf("ScalableApp %q: %w", a.app.Name, err)
	}
	if now.UID != a.app.UID || now.Generation != a.app.Generation || now.DeletionTimestamp != nil {
		return errOutdated
	}
	a.confirmed = true
	return nil
}

func (a *applier) applyOne(ctx context.Context, intent *plan.Intent, observed *plan.Observed) error {
	name := fmt.Sprintf("web: %s %q", intent.Kind, *intent.Configuration.GetName())
	current := observed.Find(intent.Kind, *intent.Configuration.GetName())
	if current == nil {
		// A stranger's object is never taken over.
		object := intent.Empty
		err := a.live.Get(ctx, types.NamespacedName{Namespace: a.app.Namespace, Name: *intent.Configuration.GetName()}, object)
		switch {
		case err == nil:
			current = object
		case !apierrors.IsNotFound(err):
			return a.fail(name, err)
		}
	}
	if current == nil {
		return a.write(ctx, name, "made", intent)
	}
	if owner := metav1.GetControllerOfNoCopy(current); owner == nil || owner.UID != a.app.UID {
		if owner != nil && owner.Kind == v1alpha1.Kind && owner.Name == a.app.Name {
			a.waiting = true // a predecessor's
			return nil
		}
		a.problems = append(a.problems, conflict(name, owner))
		return nil
	}
	if current.GetDeletionTimestamp() != nil {
		a.waiting = true
		return nil
	}
	if !plan.Differs(intent, current) {
		return nil
	}
	// Never onto a successor of the same name: the server compares.
	intent.Meta.WithUID(current.GetUID())
	return a.write(ctx, name, "changed", intent)
}

func conflict(name string, owner *metav1.OwnerReference) problem {
	holder := "was not made by this ScalableApp"
	if owner != nil {
		holder = fmt.Sprintf("belongs to %s %q", owner.Kind, owner.Name)
	}
	return problem{
		stalled: true,
		reason:  reasonObjectConflict,
		message: name + " exists and " + holder + ": delete or rename it, or rename this ScalableApp",
	}
}

func (a *applier) write(ctx context.Context, name, what string, intent *plan.Intent) error {
	if err := a.confirm(ctx); err != nil {
		return err
	}
	if err := a.client.Apply(ctx, intent.Configuration, client.ForceOwnership); err != nil {
		return a.fail(name, err)
	}
	log.FromContext(ctx).Info(what, "kind", intent.Kind, "object", *intent.Configuration.GetName())
	// The configuration now holds the API server's answer.
	if deployment, ok := intent.Configuration.(*appsv1ac.DeploymentApplyConfiguration); ok {
		a.uid, a.replicas = *deployment.UID, deployment.Spec.Replicas
	}
	return nil
}

func (a *applier) remove(ctx context.Context, object client.Object) error {
	if object.GetDeletionTimestamp() != nil {
		return nil
	}
	if err := a.confirm(ctx); err != nil {
		return err
	}
	uid := object.GetUID()
	err := a.client.Delete(ctx, object, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	// Gone already, or a successor of the same name stands there: both are what was wanted.
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return a.fail(fmt.Sprintf("web: %q", object.GetName()), err)
	}
	return nil
}

func (a *applier) scale(ctx context.Context, scale *plan.Scale, observed *plan.Observed) error {
	if current, ok := observed.Find("Deployment", scale.Name).(*appsv1.Deployment); ok && a.uid == "" && current.DeletionTimestamp == nil {
		a.uid, a.replicas = current.UID, current.Spec.Replicas
	}
	if a.uid == "" || (a.replicas != nil && *a.replicas == scale.Replicas) {
		return nil
	}
	if err := a.confirm(ctx); err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": a.uid},
		"spec":     map[string]any{"replicas": scale.Replicas},
	})
	if err != nil {
		return err
	}
	target := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: a.app.Namespace, Name: scale.Name}}
	if err := a.client.Patch(ctx, target, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return a.fail(fmt.Sprintf("web: Deployment %q", scale.Name), err)
	}
	log.FromContext(ctx).Info("scaled", "object", scale.Name, "replicas", scale.Replicas)
	return nil
}

// fail sorts a failed request into what the user must know and what only needs another try.
func (a *applier) fail(what string, err error) error {
	var status apierrors.APIStatus
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return errLeaving
	case !errors.As(err, &status), apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsUnauthorized(err),
		apierrors.IsTooManyRequests(err), apierrors.IsServiceUnavailable(err), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return fmt.Errorf("%s: %w", what, err)
	}
	reason := reasonApplyFailed
	if apierrors.IsForbidden(err) {
		reason = reasonForbidden
	}
	a.problems = append(a.problems, problem{
		stalled: status.Status().Code < 500,
		reason:  reason,
		message: what + ": " + status.Status().Message,
	})
	return nil
}
