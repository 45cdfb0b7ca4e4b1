package plan

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	webTier    = "web"
	portName   = "http"
	publicPort = 80

	// After the drain, for requests that are still on their way.
	shutdownSeconds      = 30
	startupPeriodSeconds = 2
)

var defaultCPURequest = resource.MustParse("100m")

func webName(app *v1alpha1.ScalableApp) string { return app.Name + "-web" }

// needsCPURequest: the autoscaler measures use against the request and could not work without one.
func needsCPURequest(web *v1alpha1.Web) bool {
	_, requested := web.Resources.Requests[corev1.ResourceCPU]
	_, limited := web.Resources.Limits[corev1.ResourceCPU]
	return web.Autoscaling != nil && !requested && !limited
}

func httpProbe(web *v1alpha1.Web, period, timeout, failures int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().
			WithPath(web.Health.Path).
			WithPort(intstr.FromString(portName)).
			WithScheme(corev1.URISchemeHTTP)).
		WithPeriodSeconds(period).
		WithTimeoutSeconds(timeout).
		WithFailureThreshold(failures)
}

func envOf(web *v1alpha1.Web) []*corev1ac.EnvVarApplyConfiguration {
	out := make([]*corev1ac.EnvVarApplyConfiguration, 0, len(web.Env))
	for i := range web.Env {
		from := &web.Env[i]
		item := corev1ac.EnvVar().WithName(from.Name)
		if from.Value != nil {
			item.WithValue(*from.Value)
		}
		if source := from.ValueFrom; source != nil {
			value := corev1ac.EnvVarSource()
			if ref := source.SecretKeyRef; ref != nil {
				value.WithSecretKeyRef(corev1ac.SecretKeySelector().WithName(ref.Name).WithKey(ref.Key))
			}
			if ref := source.ConfigMapKeyRef; ref != nil {
				value.WithConfigMapKeyRef(corev1ac.ConfigMapKeySelector().WithName(ref.Name).WithKey(ref.Key))
			}
			item.WithValueFrom(value)
		}
		out = append(out, item)
	}
	return out
}

func resourcesOf(web *v1alpha1.Web) *corev1ac.ResourceRequirementsApplyConfiguration {
	// Copies: what is applied is overwritten with the answer, and these are the cache's.
	requests, limits := web.Resources.Requests.DeepCopy(), web.Resources.Limits.DeepCopy()
	if needsCPURequest(web) {
		if requests == nil {
			requests = corev1.ResourceList{}
		}
		requests[corev1.ResourceCPU] = defaultCPURequest
	}
	if len(requests) == 0 && len(limits) == 0 {
		return nil
	}
	out := corev1ac.ResourceRequirements()
	if len(requests) > 0 {
		out.WithRequests(requests)
	}
	if len(limits) > 0 {
		out.WithLimits(limits)
	}
	return out
}

func containerOf(web *v1alpha1.Web) *corev1ac.ContainerApplyConfiguration {
	startupFailures := (web.Health.StartupSeconds + startupPeriodSeconds - 1) / startupPeriodSeconds
	out := corev1ac.Container().
		WithName(webTier).
		WithImage(web.Image).
		WithCommand(web.Command...).
		WithArgs(web.Args...).
		WithPorts(corev1ac.ContainerPort().
			WithName(portName).WithContainerPort(web.Port).WithProtocol(corev1.ProtocolTCP)).
		WithEnv(envOf(web)...).
		WithStartupProbe(httpProbe(web, startupPeriodSeconds, 2, startupFailures)).
		WithReadinessProbe(httpProbe(web, 5, 2, 2)).
		WithLivenessProbe(httpProbe(web, 10, 5, 6)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL")))
	out.Resources = resourcesOf(web)
	if web.DrainSeconds > 0 {
		out.WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().
			WithSleep(corev1ac.SleepAction().WithSeconds(web.DrainSeconds))))
	}
	return out
}

// spreadOf spreads softly: a pod in a full zone is better than no pod.
func spreadOf(app *v1alpha1.ScalableApp) []*corev1ac.TopologySpreadConstraintApplyConfiguration {
	var out []*corev1ac.TopologySpreadConstraintApplyConfiguration
	for _, domain := range []string{corev1.LabelTopologyZone, corev1.LabelHostname} {
		out = append(out, corev1ac.TopologySpreadConstraint().
			WithMaxSkew(1).
			WithTopologyKey(domain).
			WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(labelSelectorFor(app, webTier)).
			WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey))
	}
	return out
}

func podTemplateOf(app *v1alpha1.ScalableApp) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	web := &app.Spec.Web
	pod := corev1ac.PodTemplateSpec().
		WithLabels(labelsFor(app, webTier)).
		WithSpec(corev1ac.PodSpec().
			WithAutomountServiceAccountToken(false).
			WithEnableServiceLinks(false).
			WithTerminationGracePeriodSeconds(web.DrainSeconds + shutdownSeconds).
			WithSecurityContext(corev1ac.PodSecurityContext().
				WithRunAsNonRoot(true).
				WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
			WithTopologySpreadConstraints(spreadOf(app)...).
			WithContainers(containerOf(web)))
	return withOverrides(pod, &web.Overrides, labelsFor(app, webTier))
}

func deploymentOf(app *v1alpha1.ScalableApp) (*appsv1ac.DeploymentApplyConfiguration, error) {
	pod, err := podTemplateOf(app)
	if err != nil {
		return nil, err
	}
	return appsv1ac.Deployment(webName(app), app.Namespace).
		WithSpec(appsv1ac.DeploymentSpec().
			WithSelector(labelSelectorFor(app, webTier)).
			WithProgressDeadlineSeconds(app.Spec.ProgressDeadlineSeconds).
			WithRevisionHistoryLimit(3).
			WithStrategy(appsv1ac.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(0)).
					WithMaxSurge(intstr.FromString("25%")))).
			WithTemplate(pod)), nil
}

func serviceOf(app *v1alpha1.ScalableApp) *corev1ac.ServiceApplyConfiguration {
	// By the port's name: during a change of `port` each pod is met at its own.
	return corev1ac.Service(app.Name, app.Namespace).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(selectorFor(app, webTier)).
			WithPorts(corev1ac.ServicePort().
				WithName(portName).
				WithPort(publicPort).
				WithTargetPort(intstr.FromString(portName)).
				WithProtocol(corev1.ProtocolTCP)))
}

func scalingRules(window int32, policies ...*autoscalingv2ac.HPAScalingPolicyApplyConfiguration) *autoscalingv2ac.HPAScalingRulesApplyConfiguration {
	return autoscalingv2ac.HPAScalingRules().
		WithStabilizationWindowSeconds(window).
		WithSelectPolicy(autoscalingv2.MaxChangePolicySelect).
		WithPolicies(policies...)
}

func scalingPolicy(kind autoscalingv2.HPAScalingPolicyType, value, period int32) *autoscalingv2ac.HPAScalingPolicyApplyConfiguration {
	return autoscalingv2ac.HPAScalingPolicy().WithType(kind).WithValue(value).WithPeriodSeconds(period)
}

func autoscalerOf(app *v1alpha1.ScalableApp) *autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration {
	scaling := app.Spec.Web.Autoscaling
	return autoscalingv2ac.HorizontalPodAutoscaler(webName(app), app.Namespace).
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
				WithAPIVersion(appsv1.SchemeGroupVersion.String()).WithKind("Deployment").WithName(webName(app))).
			WithMinReplicas(scaling.MinReplicas).
			WithMaxReplicas(scaling.MaxReplicas).
			WithMetrics(autoscalingv2ac.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(autoscalingv2ac.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(autoscalingv2ac.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).
						WithAverageUtilization(scaling.TargetCPUUtilizationPercent)))).
			// Up at once and by doubling; down late and by halves: too many pods cost less than too few.
			WithBehavior(autoscalingv2ac.HorizontalPodAutoscalerBehavior().
				WithScaleUp(scalingRules(0,
					scalingPolicy(autoscalingv2.PercentScalingPolicy, 100, 15),
					scalingPolicy(autoscalingv2.PodsScalingPolicy, 4, 15))).
				WithScaleDown(scalingRules(scaling.ScaleDownStabilizationSeconds,
					scalingPolicy(autoscalingv2.PercentScalingPolicy, 50, 30),
					scalingPolicy(autoscalingv2.PodsScalingPolicy, 1, 30)))))
}

func budgetOf(app *v1alpha1.ScalableApp) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(webName(app), app.Namespace).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithSelector(labelSelectorFor(app, webTier)).
			WithMaxUnavailable(intstr.FromString("25%")).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow))
}

// webIntents lists the tier's objects in the order of their creation.
func webIntents(app *v1alpha1.ScalableApp) ([]Intent, *Scale, error) {
	deployment, err := deploymentOf(app)
	if err != nil {
		return nil, nil, err
	}
	web := &app.Spec.Web
	service := serviceOf(app)
	out := []Intent{intent("Service", service, service.ObjectMetaApplyConfiguration, &corev1.Service{})}
	// A budget for the only pod would let no node be drained.
	if web.MostReplicas() > 1 {
		budget := budgetOf(app)
		out = append(out, intent("PodDisruptionBudget", budget, budget.ObjectMetaApplyConfiguration, &policyv1.PodDisruptionBudget{}))
	}
	out = append(out, intent("Deployment", deployment, deployment.ObjectMetaApplyConfiguration, &appsv1.Deployment{}))
	var scale *Scale
	if web.Autoscaling != nil {
		autoscaler := autoscalerOf(app)
		out = append(out, intent("HorizontalPodAutoscaler", autoscaler, autoscaler.ObjectMetaApplyConfiguration, &autoscalingv2.HorizontalPodAutoscaler{}))
	} else {
		scale = &Scale{Name: webName(app), Replicas: web.LeastReplicas()}
	}
	for i := range out {
		withLabels(out[i].Meta, labelsFor(app, webTier))
		if app.UID != "" {
			out[i].Meta.OwnerReferences = []metav1ac.OwnerReferenceApplyConfiguration{*ownerOf(app)}
		}
	}
	return out, scale, nil
}

// tierState is what there is of a tier.
type tierState struct {
	serving  bool   // with at least the capacity that is asked for
	settled  bool   // nothing is left to do: no rollout, no missing pod
	progress string // where it stands, in words: "2 of 3 pods ready"
	doing    string // CamelCase, while not settled: "RollingOut"
	cause    *Cause
}

func countOf(ready, wanted int32) string {
	if wanted == 1 {
		return fmt.Sprintf("%d of %d pod ready", ready, wanted)
	}
	return fmt.Sprintf("%d of %d pods ready", ready, wanted)
}

// unfinished says what is left to do; empty: nothing.
func unfinished(w *workload, wanted, available, least int32) string {
	if !w.upToDate {
		return "Creating"
	}
	// Pods of an older revision, or too few of this one for the capacity asked for.
	all, updated := w.deployment.Status.Replicas, w.deployment.Status.UpdatedReplicas
	if all > updated || updated < min(wanted, least) {
		return "RollingOut"
	}
	if available < least {
		return "WaitingForPods"
	}
	return ""
}

func singlePoints(web *v1alpha1.Web, w *workload) []v1alpha1.SinglePoint {
	if web.LeastReplicas() == 1 {
		field := "`replicas`"
		if web.Autoscaling != nil {
			field = "`autoscaling.minReplicas`"
		}
		return []v1alpha1.SinglePoint{{
			Tier: webTier,
			What: "the only pod",
			Why:  "there is no second one while it restarts or moves; " + field + " of 2 or more removes it",
		}}
	}
	if node := onlyPlace(w.readyPods, func(pod *corev1.Pod) string { return pod.Spec.NodeName }); node != "" {
		return []v1alpha1.SinglePoint{{
			Tier: webTier,
			What: "node " + node,
			Why:  "all ready pods run on it; another node with room for a pod removes it",
		}}
	}
	// The API server labels pods with their node's zone since 1.35.
	if zone := onlyPlace(w.readyPods, func(pod *corev1.Pod) string { return pod.Labels[corev1.LabelTopologyZone] }); zone != "" {
		return []v1alpha1.SinglePoint{{
			Tier: webTier,
			What: "all replicas in zone " + zone,
			Why:  "nothing serves while the zone is down; a second one in `zones`, or nodes in another zone, removes it",
		}}
	}
	return nil
}

// onlyPlace is the one place that all pods are in; empty: several, one pod only, or not known.
func onlyPlace(pods []*corev1.Pod, placeOf func(*corev1.Pod) string) string {
	if len(pods) < 2 {
		return ""
	}
	place := placeOf(pods[0])
	for _, pod := range pods[1:] {
		if placeOf(pod) != place {
			return ""
		}
	}
	return place
}

func effectiveOf(web *v1alpha1.Web) *v1alpha1.Effective {
	var out v1alpha1.EffectiveWeb
	if web.Replicas == nil && web.Autoscaling == nil {
		least := web.LeastReplicas()
		out.Replicas = &least
	}
	if needsCPURequest(web) {
		out.CPURequest = defaultCPURequest.String()
	}
	if out.Replicas == nil && out.CPURequest == "" {
		return nil
	}
	return &v1alpha1.Effective{Web: &out}
}

// webState judges the tier and fills in its part of the status.
func webState(app *v1alpha1.ScalableApp, observed *Observed, status *v1alpha1.ScalableAppStatus) tierState {
	web := &app.Spec.Web
	w := workloadOf(webName(app), observed)
	least := web.LeastReplicas()
	wanted := least
	var replicas, ready, available int32
	if w.deployment != nil {
		if w.deployment.Spec.Replicas != nil {
			wanted = *w.deployment.Spec.Replicas
		}
		replicas = w.deployment.Status.Replicas
		ready = w.deployment.Status.ReadyReplicas
		available = w.deployment.Status.AvailableReplicas
	}
	out := tierState{
		serving:  least > 0 && w.deployment != nil && available >= least,
		progress: countOf(ready, wanted),
		doing:    unfinished(&w, wanted, available, least),
		cause:    rootCause(&w),
	}
	if least == 0 {
		out.doing = scaledToZero
		out.progress = "no pod is asked for, nothing answers; raise `replicas` to serve"
		out.cause = nil
	}
	out.settled = out.doing == ""
	status.Web = &v1alpha1.WebStatus{
		Replicas: replicas,
		Ready:    ready,
		Selector: strings.Join([]string{v1alpha1.AppLabel + "=" + app.Name, v1alpha1.TierLabel + "=" + webTier}, ","),
		Summary:  fmt.Sprintf("%d/%d", ready, wanted),
	}
	status.SinglePointsOfFailure = singlePoints(web, &w)
	status.Endpoints = []v1alpha1.Endpoint{{Name: webTier, Address: "http://" + app.Name + "." + app.Namespace + ".svc"}}
	status.Effective = effectiveOf(web)
	return out
}

func intent(kind string, configuration Configuration, meta *metav1ac.ObjectMetaApplyConfiguration, empty client.Object) Intent {
	return Intent{Kind: kind, Configuration: configuration, Meta: meta, Empty: empty}
}
