package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	maxDetail          = 240
	revisionAnnotation = "deployment.kubernetes.io/revision"
)

// Cause is why a workload is not as it should be. It holds a time, never a duration: a state that does not
// change writes nothing.
type Cause struct {
	Reason  string // CamelCase
	Subject string // what it is about, quoted after the reason; may be empty
	Detail  string // may be empty
	Pods    int    // 0: not about particular pods
	Since   metav1.Time

	NeedsHelp bool // no retry of the platform can heal it, a person (or a quota) must
	Starting  bool // the ordinary way of a pod that starts; told only while nothing else is wrong
}

func (c *Cause) Text(tier string) string {
	out := tier + ": " + c.Reason
	if c.Subject != "" {
		out += ` "` + c.Subject + `"`
	}
	if c.Detail != "" {
		out += ": " + c.Detail
	}
	var notes []string
	switch {
	case c.Pods == 1:
		notes = append(notes, "1 pod")
	case c.Pods > 1:
		notes = append(notes, fmt.Sprintf("%d pods", c.Pods))
	}
	if !c.Since.IsZero() {
		notes = append(notes, "since "+c.Since.UTC().Format("15:04:05Z"))
	}
	if len(notes) > 0 {
		out += " (" + strings.Join(notes, ", ") + ")"
	}
	return out + remedyOf(c.Reason)
}

// remedyOf says what to do about the commonest mistakes in the spec.
func remedyOf(reason string) string {
	switch reason {
	case "ImagePullBackOff":
		return "; correct `web.image` or push it"
	case "InvalidImageName":
		return "; correct `web.image`"
	case "NotReady":
		return "; correct `web.port` or `web.health`, or see what the program waits for"
	}
	return ""
}

// workload is a Deployment with what belongs to it.
type workload struct {
	deployment *appsv1.Deployment
	current    *appsv1.ReplicaSet // of the Deployment's present revision
	pods       []*corev1.Pod      // the current ReplicaSet's, those that leave excluded
	readyPods  []*corev1.Pod      // every pod that serves, whatever its revision
	upToDate   bool               // false: the last change was not seen yet, nothing is known of it
}

func controlledBy(object metav1.Object, uid types.UID) bool {
	owner := metav1.GetControllerOfNoCopy(object)
	return owner != nil && owner.UID == uid
}

func workloadOf(name string, observed *Observed) workload {
	var out workload
	for i := range observed.Pods {
		if isReady(&observed.Pods[i]) {
			out.readyPods = append(out.readyPods, &observed.Pods[i])
		}
	}
	for i := range observed.Deployments {
		if observed.Deployments[i].Name == name {
			out.deployment = &observed.Deployments[i]
		}
	}
	if out.deployment == nil {
		return out
	}
	revision := out.deployment.Annotations[revisionAnnotation]
	for i := range observed.ReplicaSets {
		set := &observed.ReplicaSets[i]
		if controlledBy(set, out.deployment.UID) && set.Annotations[revisionAnnotation] == revision {
			out.current = set
		}
	}
	out.upToDate = out.deployment.Status.ObservedGeneration >= out.deployment.Generation && out.current != nil
	if !out.upToDate {
		return out
	}
	for i := range observed.Pods {
		pod := &observed.Pods[i]
		stays := pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded
		if stays && controlledBy(pod, out.current.UID) {
			out.pods = append(out.pods, pod)
		}
	}
	return out
}

func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func isReady(pod *corev1.Pod) bool {
	ready := podCondition(pod, corev1.PodReady)
	return pod.DeletionTimestamp == nil && ready != nil && ready.Status == corev1.ConditionTrue
}

func sinceOf(pod *corev1.Pod) metav1.Time {
	if ready := podCondition(pod, corev1.PodReady); ready != nil && !ready.LastTransitionTime.IsZero() {
		return ready.LastTransitionTime
	}
	return pod.CreationTimestamp
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), part)
}

// shortened makes one line, not too long, without what comes after `end`.
func shortened(text, end string) string {
	if end != "" {
		text, _, _ = strings.Cut(text, end)
	}
	text = strings.TrimRight(strings.ReplaceAll(text, "\n", " "), " .")
	if len(text) > maxDetail {
		return text[:maxDetail] + "..."
	}
	return text
}

type kind struct{ part, word string }

func kindOf(message string, kinds []kind, otherwise string) string {
	for _, kind := range kinds {
		if contains(message, kind.part) {
			return kind.word
		}
	}
	return otherwise
}

var forbiddenReasons = []kind{
	{"exceeded quota", "QuotaExceeded"},
	{"failed quota", "QuotaExceeded"},
	{"violates podsecurity", "PodSecurityViolation"},
	{"serviceaccount", "ServiceAccountMissing"},
	{" usage per ", "LimitRangeViolation"},
	{"denied the request", "AdmissionDenied"},
}

var pullDetails = []kind{
	{"not found", "not found"},
	{"manifest unknown", "not found"},
	{"unauthorized", "access denied"},
	{"denied", "access denied"},
	{"forbidden", "access denied"},
	{"no such host", "the registry cannot be found"},
	{"connection refused", "the registry does not answer"},
	{"timeout", "the registry does not answer"},
	{"dial tcp", "the registry does not answer"},
	{"toomanyrequests", "the registry asks for fewer requests"},
	{"no space left", "the node's disk is full"},
}

// creationFailure: pods that cannot even be made.
func creationFailure(status corev1.ConditionStatus, message string, since metav1.Time) *Cause {
	if status != corev1.ConditionTrue {
		return nil
	}
	cause := &Cause{Since: since}
	// An unreachable webhook may come back by itself; a refusal stands.
	if contains(message, "failed calling webhook") {
		cause.Reason = "AdmissionWebhookFailed"
	} else {
		cause.Reason = kindOf(message, forbiddenReasons, "PodCreationFailed")
		cause.NeedsHelp = cause.Reason != "PodCreationFailed" || contains(message, "is forbidden")
	}
	// The name of the pod that was not made is a new one at each try.
	for _, before := range []string{"is forbidden: ", "is invalid: "} {
		if _, after, found := strings.Cut(message, before); found {
			message = after
			break
		}
	}
	cause.Detail = shortened(message, "")
	return cause
}

func creationFailureOf(w *workload) *Cause {
	for _, condition := range w.current.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure {
			if cause := creationFailure(condition.Status, condition.Message, condition.LastTransitionTime); cause != nil {
				return cause
			}
		}
	}
	for _, condition := range w.deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure {
			return creationFailure(condition.Status, condition.Message, condition.LastTransitionTime)
		}
	}
	return nil
}

// Smaller is deeper: the cause that is told when pods have different ones.
const (
	depthConfig = iota
	depthImage
	depthCrash
	depthNode
	depthUnschedulable
	depthNotReady
	depthStarting
)

type podCause struct {
	depth int
	Cause
}

func endedCause(state *corev1.ContainerStateTerminated) *podCause {
	out := &podCause{depthCrash, Cause{Reason: "CrashLoopBackOff"}}
	message := shortened(state.Message, "")
	switch state.Reason {
	case "OOMKilled":
		out.Reason, out.Detail = "OOMKilled", "more memory was used than `resources.limits.memory` allows"
		return out
	case "StartError", "ContainerCannotRun":
		out.Reason, out.Detail = "RunContainerError", message
		return out
	}
	out.Detail = fmt.Sprintf("exit code %d", state.ExitCode)
	if message != "" {
		out.Detail += ": " + message
	}
	return out
}

func waitingCause(container *corev1.ContainerStatus) *podCause {
	state := container.State.Waiting
	switch state.Reason {
	case "ImagePullBackOff", "ErrImagePull":
		return &podCause{depthImage, Cause{Reason: "ImagePullBackOff", Subject: container.Image, Detail: kindOf(state.Message, pullDetails, "")}}
	case "InvalidImageName":
		return &podCause{depthImage, Cause{Reason: state.Reason, Subject: container.Image, NeedsHelp: true}}
	case "ErrImageNeverPull", "ImageInspectError":
		return &podCause{depthImage, Cause{Reason: state.Reason, Subject: container.Image, Detail: shortened(state.Message, "")}}
	case "CreateContainerConfigError", "CreateContainerError":
		// The message ends with the pod's own name: the pods of one cause count together.
		return &podCause{depthConfig, Cause{
			Reason: state.Reason, Detail: shortened(state.Message, ` (pod: "`), NeedsHelp: state.Reason == "CreateContainerConfigError",
		}}
	case "CrashLoopBackOff", "RunContainerError":
		if last := container.LastTerminationState.Terminated; last != nil {
			return endedCause(last)
		}
		return &podCause{depthCrash, Cause{Reason: state.Reason, Detail: shortened(state.Message, "")}}
	}
	return nil
}

func containerCause(container *corev1.ContainerStatus) *podCause {
	if container.Ready {
		return nil
	}
	if container.State.Waiting != nil {
		return waitingCause(container)
	}
	if state := container.State.Terminated; state != nil {
		// An init container that is done; a server that ends "well" is none.
		if state.Reason == "Completed" && container.RestartCount == 0 {
			return nil
		}
		return endedCause(state)
	}
	// It runs again, but ended before it ever was ready: the pause between two crashes.
	if last := container.LastTerminationState.Terminated; last != nil {
		return endedCause(last)
	}
	return nil
}

// probedPort: " at port 8080", by number or by the container's name for it.
func probedPort(container *corev1.Container) string {
	port := container.ReadinessProbe.HTTPGet.Port
	number := port.IntVal
	for _, one := range container.Ports {
		if port.StrVal != "" && one.Name == port.StrVal {
			number = one.ContainerPort
		}
	}
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(" at port %d", number)
}

func notReadyCause(pod *corev1.Pod) *podCause {
	running, ready := false, true
	for i := range pod.Status.ContainerStatuses {
		running = running || pod.Status.ContainerStatuses[i].State.Running != nil
		ready = ready && pod.Status.ContainerStatuses[i].Ready
	}
	if running && ready {
		return &podCause{depthNode, Cause{Reason: "NodeNotReady", Subject: pod.Spec.NodeName, Detail: "the node does not answer"}}
	}
	if !running {
		return &podCause{depthStarting, Cause{Reason: "Starting", Starting: true}}
	}
	detail := "the readiness probe fails"
	if len(pod.Spec.Containers) > 0 {
		if probe := pod.Spec.Containers[0].ReadinessProbe; probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path != "" {
			detail = "GET " + probe.HTTPGet.Path + probedPort(&pod.Spec.Containers[0]) + " does not answer with 200 to 399"
		}
	}
	return &podCause{depthNotReady, Cause{Reason: "NotReady", Detail: detail, Starting: true}}
}

func causeOf(pod *corev1.Pod) *podCause {
	if isReady(pod) {
		return nil
	}
	if scheduled := podCondition(pod, corev1.PodScheduled); scheduled != nil && scheduled.Status == corev1.ConditionFalse {
		return &podCause{depthUnschedulable, Cause{Reason: "Unschedulable", Detail: shortened(scheduled.Message, "preemption:")}}
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if cause := containerCause(&list[i]); cause != nil {
				return cause
			}
		}
	}
	return notReadyCause(pod)
}

// rootCause is the deepest cause that the workload's objects tell; nil: none.
func rootCause(w *workload) *Cause {
	if !w.upToDate {
		return nil
	}
	if cause := creationFailureOf(w); cause != nil {
		return cause
	}
	var causes []*podCause
	for _, pod := range w.pods {
		found := causeOf(pod)
		if found == nil {
			continue
		}
		found.Pods, found.Since = 1, sinceOf(pod)
		at := slices.IndexFunc(causes, func(known *podCause) bool { return compareCauses(known, found) == 0 })
		if at < 0 {
			causes = append(causes, found)
			continue
		}
		causes[at].Pods++
		if found.Since.Before(&causes[at].Since) {
			causes[at].Since = found.Since
		}
	}
	if len(causes) == 0 {
		return nil
	}
	// Deepest first, then by text: which pod is listed first must not matter.
	return &slices.MinFunc(causes, compareCauses).Cause
}

func compareCauses(a, b *podCause) int {
	return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Detail, b.Detail))
}
