package plan

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
)

const (
	conditionReady       = "Ready"
	conditionReconciling = "Reconciling"
	conditionStalled     = "Stalled"
	conditionWebReady    = "WebReady"

	deadlineReason = "ProgressDeadlineExceeded"
	scaledToZero   = "ScaledToZero"
)

// trouble is what is told about an application that is not as asked for.
type trouble struct {
	reason    string
	message   string
	since     metav1.Time // of its cause; zero: not known
	needsHelp bool
	known     bool // a cause beyond "it is on its way"
	serving   bool // it hurts nobody yet: the autoscaler cannot add pods
}

func troubleOf(state *tierState) trouble {
	out := trouble{reason: state.doing, message: webTier + ": " + state.progress, serving: state.settled}
	if out.reason == "" {
		out.reason = "WaitingForPods"
	}
	if cause := state.cause; cause != nil {
		out.known = !cause.Starting
		out.needsHelp = cause.NeedsHelp
		out.message = cause.Text(webTier)
		if out.known {
			out.reason = cause.Reason
			out.since = cause.Since
		}
	}
	return out
}

// stands: true, and said of the spec as it is now.
func stands(condition *metav1.Condition, app *v1alpha1.ScalableApp) bool {
	return condition != nil && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == app.Generation
}

// beginOf is when the present step began: its cause's own time, else that of the condition that tells of it.
func beginOf(app *v1alpha1.ScalableApp, what *trouble, now metav1.Time) time.Time {
	if !what.since.IsZero() {
		return what.since.Time
	}
	if reconciling := meta.FindStatusCondition(app.Status.Conditions, conditionReconciling); stands(reconciling, app) {
		return reconciling.LastTransitionTime.Time
	}
	// A cause that stalled at once and is gone has left a fresh deadline; one that ran out has not.
	if stalled := meta.FindStatusCondition(app.Status.Conditions, conditionStalled); stands(stalled, app) && stalled.Reason == deadlineReason {
		return stalled.LastTransitionTime.Add(-deadlineOf(app))
	}
	return now.Time
}

func deadlineOf(app *v1alpha1.ScalableApp) time.Duration {
	return time.Duration(app.Spec.ProgressDeadlineSeconds) * time.Second
}

// judge writes the verdict into the plan: conditions, events, when to look again.
func judge(app *v1alpha1.ScalableApp, state *tierState, now metav1.Time, out *Plan) {
	var what *trouble
	if !state.settled || (state.cause != nil && !state.cause.Starting) {
		found := troubleOf(state)
		what = &found
	}
	conditions := slices.Clone(app.Status.Conditions)
	set := func(kind string, holds bool, reason, message string) {
		status := metav1.ConditionFalse
		if holds {
			status = metav1.ConditionTrue
		}
		meta.SetStatusCondition(&conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message,
			ObservedGeneration: app.Generation, LastTransitionTime: now,
		})
	}

	atRest := what != nil && what.reason == scaledToZero
	ready := what == nil || what.serving || atRest
	stalled, deadlineOver, lookAgain := decideStalled(app, what, now)
	out.LookAgain = lookAgain

	reason, message := "Ready", webTier+": "+state.progress
	if what != nil {
		message = what.message
		if !what.serving {
			reason = what.reason
		}
	}
	set(conditionReady, ready, reason, message)

	// True or absent, and afresh for each generation.
	only := func(kind string, holds bool) {
		before := meta.FindStatusCondition(conditions, kind)
		if before != nil && (!holds || before.ObservedGeneration != app.Generation) {
			meta.RemoveStatusCondition(&conditions, kind)
		}
		if holds && deadlineOver {
			set(kind, true, deadlineReason, what.message)
		} else if holds {
			set(kind, true, what.reason, what.message)
		}
	}
	only(conditionReconciling, what != nil && !stalled && what.reason != scaledToZero)
	only(conditionStalled, stalled)

	if state.serving {
		set(conditionWebReady, true, "Serving", state.progress)
	} else {
		found := troubleOf(state)
		set(conditionWebReady, false, found.reason, found.message)
	}

	out.Status.ObservedGeneration = app.Generation
	out.Status.Stage = stageOf(app)
	out.Status.Conditions = sorted(conditions)
	out.Events = eventsOf(app, ready, what, deadlineOver, message)
}

// decideStalled: an autoscaler that cannot add pods hurts nobody yet, and zero pods are a wish.
func decideStalled(app *v1alpha1.ScalableApp, what *trouble, now metav1.Time) (stalled, deadlineOver bool, again time.Duration) {
	if what == nil || what.serving || what.reason == scaledToZero {
		return false, false, 0
	}
	if what.needsHelp {
		return true, false, 0
	}
	left := beginOf(app, what, now).Add(deadlineOf(app)).Sub(now.Time)
	if left <= 0 {
		return true, true, 0
	}
	return false, false, left + 100*time.Millisecond
}

// eventsOf: only what changed since the last status is worth an event.
func eventsOf(app *v1alpha1.ScalableApp, ready bool, what *trouble, deadlineOver bool, message string) []Event {
	var out []Event
	before := meta.FindStatusCondition(app.Status.Conditions, conditionReady)
	if ready && (before == nil || before.Status != metav1.ConditionTrue) {
		out = append(out, Event{Reason: "Ready", Action: "Reconcile", Note: message})
	}
	if what != nil && what.known && !what.serving && (before == nil || before.Reason != what.reason) {
		out = append(out, Event{Warning: true, Reason: what.reason, Action: "Reconcile", Note: what.message})
	}
	if deadlineOver && meta.FindStatusCondition(app.Status.Conditions, conditionStalled) == nil {
		out = append(out, Event{Warning: true, Reason: deadlineReason, Action: "Reconcile", Note: what.message})
	}
	return out
}

// sorted puts conditions into the order in which people read them.
func sorted(conditions []metav1.Condition) []metav1.Condition {
	order := []string{conditionReady, conditionReconciling, conditionStalled}
	rank := func(condition metav1.Condition) int {
		if at := slices.Index(order, condition.Type); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortStableFunc(conditions, func(a, b metav1.Condition) int { return rank(a) - rank(b) })
	return conditions
}

func stageOf(app *v1alpha1.ScalableApp) string {
	if app.Spec.Web.Autoscaling != nil {
		return "StatelessWeb"
	}
	if app.Spec.Web.MostReplicas() > 1 {
		return "LoadBalancer"
	}
	return "SingleServer"
}
