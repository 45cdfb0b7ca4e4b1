package v1alpha1

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func clone[T any](from *T) *T {
	if from == nil {
		return nil
	}
	out := *from
	return &out
}

func (a *ScalableApp) DeepCopy() *ScalableApp {
	out := &ScalableApp{TypeMeta: a.TypeMeta}
	a.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec = *a.Spec.DeepCopy()
	out.Status = *a.Status.DeepCopy()
	return out
}

func (a *ScalableApp) DeepCopyObject() runtime.Object { return a.DeepCopy() }

func (l *ScalableAppList) DeepCopyObject() runtime.Object {
	out := &ScalableAppList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopy())
	}
	return out
}

func (s *ScalableAppSpec) DeepCopy() *ScalableAppSpec {
	out := clone(s)
	web := &out.Web
	web.Command = slices.Clone(s.Web.Command)
	web.Args = slices.Clone(s.Web.Args)
	web.Env = slices.Clone(s.Web.Env)
	for i := range web.Env {
		from := &s.Web.Env[i]
		web.Env[i].Value = clone(from.Value)
		if from.ValueFrom != nil {
			web.Env[i].ValueFrom = &EnvVarSource{
				SecretKeyRef:    clone(from.ValueFrom.SecretKeyRef),
				ConfigMapKeyRef: clone(from.ValueFrom.ConfigMapKeyRef),
			}
		}
	}
	web.Resources.Requests = s.Web.Resources.Requests.DeepCopy()
	web.Resources.Limits = s.Web.Resources.Limits.DeepCopy()
	web.Replicas = clone(s.Web.Replicas)
	web.Autoscaling = clone(s.Web.Autoscaling)
	web.Overrides = s.Web.Overrides.deepCopy()
	return out
}

func (o *Overrides) deepCopy() Overrides {
	out := *o
	out.Labels = slices.Clone(o.Labels)
	out.Annotations = slices.Clone(o.Annotations)
	out.NodeSelector = maps.Clone(o.NodeSelector)
	out.ImagePullSecrets = slices.Clone(o.ImagePullSecrets)
	out.Tolerations = make([]corev1.Toleration, len(o.Tolerations))
	for i := range o.Tolerations {
		o.Tolerations[i].DeepCopyInto(&out.Tolerations[i])
	}
	return out
}

func (s *ScalableAppStatus) DeepCopy() *ScalableAppStatus {
	out := clone(s)
	out.Conditions = make([]metav1.Condition, len(s.Conditions))
	for i := range s.Conditions {
		s.Conditions[i].DeepCopyInto(&out.Conditions[i])
	}
	out.Web = clone(s.Web)
	out.SinglePointsOfFailure = slices.Clone(s.SinglePointsOfFailure)
	out.Endpoints = slices.Clone(s.Endpoints)
	if s.Effective != nil {
		out.Effective = &Effective{Web: clone(s.Effective.Web)}
		if out.Effective.Web != nil {
			out.Effective.Web.Replicas = clone(s.Effective.Web.Replicas)
		}
	}
	return out
}
