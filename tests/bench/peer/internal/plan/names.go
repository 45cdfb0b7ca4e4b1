package plan

import (
	"maps"

	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
)

func labelsFor(app *v1alpha1.ScalableApp, tier string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       app.Name,
		"app.kubernetes.io/instance":   app.Name,
		"app.kubernetes.io/component":  tier,
		"app.kubernetes.io/part-of":    app.Name,
		"app.kubernetes.io/managed-by": "scalableapp-operator",
		v1alpha1.AppLabel:              app.Name,
		v1alpha1.TierLabel:             tier,
	}
}

func selectorFor(app *v1alpha1.ScalableApp, tier string) map[string]string {
	return map[string]string{v1alpha1.AppLabel: app.Name, v1alpha1.TierLabel: tier}
}

func labelSelectorFor(app *v1alpha1.ScalableApp, tier string) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(selectorFor(app, tier))
}

func ownerOf(app *v1alpha1.ScalableApp) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).
		WithKind(v1alpha1.Kind).
		WithName(app.Name).
		WithUID(app.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}

// withLabels merges `labels` over those that are there.
func withLabels(meta *metav1ac.ObjectMetaApplyConfiguration, labels map[string]string) {
	if meta.Labels == nil {
		meta.Labels = make(map[string]string, len(labels))
	}
	maps.Copy(meta.Labels, labels)
}
