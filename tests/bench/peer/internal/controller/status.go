package controller

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"scalableapp.dev/tests/bench/peer/internal/plan"
)

const maxMessage = 1000

// withoutProblems takes away what an earlier run said of its problems, for the plan to judge afresh: to it a
// Stalled that was there before means a deadline that is over.
func withoutProblems(conditions []metav1.Condition) []metav1.Condition {
	ours := []string{reasonObjectConflict, reasonForbidden, reasonApplyFailed}
	return slices.DeleteFunc(slices.Clone(conditions), func(condition metav1.Condition) bool {
		return slices.Contains(ours, condition.Reason) && (condition.Type == "Stalled" || condition.Type == "Reconciling")
	})
}

// addProblems says in the status what kept the plan from being carried out.
func addProblems(status *v1alpha1.ScalableAppStatus, problems []problem, app *v1alpha1.ScalableApp, now metav1.Time) {
	if len(problems) == 0 {
		return
	}
	first := problems[0]
	for _, other := range problems {
		first.stalled = first.stalled || other.stalled
	}
	message := first.message[:min(len(first.message), maxMessage)]
	if len(problems) > 1 {
		message += fmt.Sprintf(" (and %d more)", len(problems)-1)
	}
	here, gone := "Reconciling", "Stalled"
	if first.stalled {
		here, gone = gone, here
	}
	set := func(kind string, value metav1.ConditionStatus) {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: kind, Status: value, Reason: first.reason, Message: message,
			ObservedGeneration: app.Generation, LastTransitionTime: now,
		})
	}
	set("Ready", metav1.ConditionFalse)
	set(here, metav1.ConditionTrue)
	meta.RemoveStatusCondition(&status.Conditions, gone)
	// What was true before and still is has not changed, even if a step in between said otherwise.
	for i := range status.Conditions {
		condition := &status.Conditions[i]
		if before := meta.FindStatusCondition(app.Status.Conditions, condition.Type); before != nil && before.Status == condition.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
	}
}

// eventFor returns an event when the problem says something new.
func eventFor(found problem, app *v1alpha1.ScalableApp) (plan.Event, bool) {
	ready := meta.FindStatusCondition(app.Status.Conditions, "Ready")
	old := ready != nil && ready.Status == metav1.ConditionFalse && ready.Reason == found.reason && strings.Contains(ready.Message, found.message)
	return plan.Event{Warning: true, Reason: found.reason, Action: "Apply", Note: found.message}, !old
}
