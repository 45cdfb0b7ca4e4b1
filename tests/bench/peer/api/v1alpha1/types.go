// Package v1alpha1 is the ScalableApp resource of crds/scalableapps.yaml as Go types.
package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	AppLabel  = "scalableapp.dev/app"
	TierLabel = "scalableapp.dev/tier"
	Kind      = "ScalableApp"
)

var GroupVersion = schema.GroupVersion{Group: "scalableapp.dev", Version: "v1alpha1"}

// AddToScheme registers the types of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ScalableApp{}, &ScalableAppList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

type ScalableApp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ScalableAppSpec   `json:"spec"`
	Status ScalableAppStatus `json:"status,omitempty"`
}

type ScalableAppList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScalableApp `json:"items"`
}

const ManagementObserve = "Observe"

type ScalableAppSpec struct {
	Management              string `json:"management,omitempty"`
	ProgressDeadlineSeconds int32  `json:"progressDeadlineSeconds,omitempty"`
	Web                     Web    `json:"web"`
}

type Web struct {
	Image        string       `json:"image"`
	Command      []string     `json:"command,omitempty"`
	Args         []string     `json:"args,omitempty"`
	Port         int32        `json:"port,omitempty"`
	Env          []EnvVar     `json:"env,omitempty"`
	Resources    Resources    `json:"resources,omitempty"`
	Replicas     *int32       `json:"replicas,omitempty"`
	Autoscaling  *Autoscaling `json:"autoscaling,omitempty"`
	Health       Health       `json:"health,omitempty"`
	DrainSeconds int64        `json:"drainSeconds"`
	Overrides    Overrides    `json:"overrides,omitempty"`
}

// DefaultWebReplicas applies where there is no autoscaling; the schema cannot say so.
const DefaultWebReplicas = 2

// LeastReplicas is the fewest pods that are asked for.
func (w *Web) LeastReplicas() int32 {
	switch {
	case w.Autoscaling != nil:
		return w.Autoscaling.MinReplicas
	case w.Replicas != nil:
		return *w.Replicas
	default:
		return DefaultWebReplicas
	}
}

// MostReplicas is the most pods that there may be.
func (w *Web) MostReplicas() int32 {
	if w.Autoscaling != nil {
		return w.Autoscaling.MaxReplicas
	}
	return w.LeastReplicas()
}

type EnvVar struct {
	Name      string        `json:"name"`
	Value     *string       `json:"value,omitempty"`
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

type EnvVarSource struct {
	SecretKeyRef    *KeyReference `json:"secretKeyRef,omitempty"`
	ConfigMapKeyRef *KeyReference `json:"configMapKeyRef,omitempty"`
}

type KeyReference struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

type Resources struct {
	Requests corev1.ResourceList `json:"requests,omitempty"`
	Limits   corev1.ResourceList `json:"limits,omitempty"`
}

type Autoscaling struct {
	MinReplicas                   int32 `json:"minReplicas,omitempty"`
	MaxReplicas                   int32 `json:"maxReplicas"`
	TargetCPUUtilizationPercent   int32 `json:"targetCPUUtilizationPercent,omitempty"`
	ScaleDownStabilizationSeconds int32 `json:"scaleDownStabilizationSeconds"`
}

type Health struct {
	Path           string `json:"path,omitempty"`
	StartupSeconds int32  `json:"startupSeconds,omitempty"`
}

type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type Overrides struct {
	Labels             []NameValue         `json:"labels,omitempty"`
	Annotations        []NameValue         `json:"annotations,omitempty"`
	NodeSelector       map[string]string   `json:"nodeSelector,omitempty"`
	Tolerations        []corev1.Toleration `json:"tolerations,omitempty"`
	ServiceAccountName string              `json:"serviceAccountName,omitempty"`
	ImagePullSecrets   []SecretReference   `json:"imagePullSecrets,omitempty"`
	PodTemplatePatch   string              `json:"podTemplatePatch,omitempty"`
}

type SecretReference struct {
	Name string `json:"name"`
}

type ScalableAppStatus struct {
	ObservedGeneration    int64              `json:"observedGeneration,omitempty"`
	Stage                 string             `json:"stage,omitempty"`
	Conditions            []metav1.Condition `json:"conditions,omitempty"`
	Web                   *WebStatus         `json:"web,omitempty"`
	SinglePointsOfFailure []SinglePoint      `json:"singlePointsOfFailure,omitempty"`
	Endpoints             []Endpoint         `json:"endpoints,omitempty"`
	Effective             *Effective         `json:"effective,omitempty"`
}

type WebStatus struct {
	Replicas int32  `json:"replicas"`
	Ready    int32  `json:"ready"`
	Selector string `json:"selector"`
	Summary  string `json:"summary"`
}

type SinglePoint struct {
	Tier string `json:"tier"`
	What string `json:"what"`
	Why  string `json:"why"`
}

type Endpoint struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type Effective struct {
	Web *EffectiveWeb `json:"web,omitempty"`
}

type EffectiveWeb struct {
	Replicas   *int32 `json:"replicas,omitempty"`
	CPURequest string `json:"cpuRequest,omitempty"`
}
