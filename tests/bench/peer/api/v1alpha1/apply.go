package v1alpha1

import (
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"
)

// ScalableAppApplyConfiguration is what the controller applies of a ScalableApp: its status.
type ScalableAppApplyConfiguration struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Status *ScalableAppStatus `json:"status,omitempty"`
}

// ApplyStatus builds the configuration that gives one application, and no successor of its name, a status.
func ApplyStatus(app *ScalableApp, status *ScalableAppStatus) *ScalableAppApplyConfiguration {
	return &ScalableAppApplyConfiguration{
		TypeMetaApplyConfiguration: metav1ac.TypeMetaApplyConfiguration{
			Kind:       ptr.To(Kind),
			APIVersion: ptr.To(GroupVersion.String()),
		},
		ObjectMetaApplyConfiguration: &metav1ac.ObjectMetaApplyConfiguration{
			Name:      ptr.To(app.Name),
			Namespace: ptr.To(app.Namespace),
			UID:       ptr.To(app.UID),
		},
		Status: status,
	}
}

func (c *ScalableAppApplyConfiguration) IsApplyConfiguration() {}
func (c *ScalableAppApplyConfiguration) GetKind() *string      { return c.TypeMetaApplyConfiguration.Kind }
func (c *ScalableAppApplyConfiguration) GetAPIVersion() *string {
	return c.TypeMetaApplyConfiguration.APIVersion
}
func (c *ScalableAppApplyConfiguration) GetName() *string { return c.ObjectMetaApplyConfiguration.Name }
func (c *ScalableAppApplyConfiguration) GetNamespace() *string {
	return c.ObjectMetaApplyConfiguration.Namespace
}
