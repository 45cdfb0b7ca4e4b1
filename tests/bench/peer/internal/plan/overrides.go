package plan

import (
	"bytes"
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
)

func tolerationOf(from *corev1.Toleration) *corev1ac.TolerationApplyConfiguration {
	out := corev1ac.Toleration().WithOperator(from.Operator)
	if from.Operator == "" {
		out.WithOperator(corev1.TolerationOpEqual)
	}
	if from.Key != "" {
		out.WithKey(from.Key)
	}
	if from.Value != "" {
		out.WithValue(from.Value)
	}
	if from.Effect != "" {
		out.WithEffect(from.Effect)
	}
	if from.TolerationSeconds != nil {
		out.WithTolerationSeconds(*from.TolerationSeconds)
	}
	return out
}

type podTemplate = corev1ac.PodTemplateSpecApplyConfiguration

func withOverrides(pod *podTemplate, overrides *v1alpha1.Overrides, labels map[string]string) (*podTemplate, error) {
	for _, label := range overrides.Labels {
		pod.WithLabels(map[string]string{label.Name: label.Value})
	}
	for _, annotation := range overrides.Annotations {
		pod.WithAnnotations(map[string]string{annotation.Name: annotation.Value})
	}
	if len(overrides.NodeSelector) > 0 {
		pod.Spec.WithNodeSelector(overrides.NodeSelector)
	}
	for i := range overrides.Tolerations {
		pod.Spec.WithTolerations(tolerationOf(&overrides.Tolerations[i]))
	}
	for _, secret := range overrides.ImagePullSecrets {
		pod.Spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(secret.Name))
	}
	if overrides.ServiceAccountName != "" {
		pod.Spec.WithServiceAccountName(overrides.ServiceAccountName).WithDeprecatedServiceAccount(overrides.ServiceAccountName)
	}
	if overrides.PodTemplatePatch != "" {
		patched, err := patch(pod, []byte(overrides.PodTemplatePatch))
		if err != nil {
			return nil, err
		}
		pod = patched
	}
	return pod.WithLabels(labels), nil
}

// patch applies a JSON merge patch to the template.
func patch(pod *podTemplate, text []byte) (*podTemplate, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("`overrides.podTemplatePatch` is no JSON object: %w", err)
	}
	for field, value := range fields {
		if (field != "metadata" && field != "spec") || !bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) {
			return nil, fmt.Errorf("`overrides.podTemplatePatch` has %q: it may have the objects `metadata` and `spec` only", field)
		}
	}
	before, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	after, err := jsonpatch.MergePatch(before, text)
	if err != nil {
		return nil, fmt.Errorf("`overrides.podTemplatePatch`: %w", err)
	}
	out := corev1ac.PodTemplateSpec()
	decoder := json.NewDecoder(bytes.NewReader(after))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(out); err != nil {
		return nil, fmt.Errorf("`overrides.podTemplatePatch`: %w", err)
	}
	return out, nil
}
