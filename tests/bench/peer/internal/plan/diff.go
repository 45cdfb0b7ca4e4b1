package plan

import (
	"reflect"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Differs tells whether an object lacks anything that its intent names. Fields that the intent leaves out
// belong to others: an autoscaler, the API server's defaults, people's annotations.
func Differs(intent *Intent, current client.Object) bool {
	return differs(reflect.ValueOf(intent.Configuration), reflect.ValueOf(current))
}

var quantityType = reflect.TypeFor[resource.Quantity]()

// differs walks an apply configuration (where nil means "not named") beside the API type.
func differs(intent, current reflect.Value) bool {
	if intent.Kind() == reflect.Pointer {
		if intent.IsNil() {
			return false
		}
		return differs(intent.Elem(), current)
	}
	if current.Kind() == reflect.Pointer {
		if current.IsNil() {
			return true
		}
		return differs(intent, current.Elem())
	}
	if intent.Type() == quantityType {
		a, b := intent.Interface().(resource.Quantity), current.Interface().(resource.Quantity)
		return a.Cmp(b) != 0
	}
	switch intent.Kind() {
	case reflect.Struct:
		if intent.Type() == current.Type() { // a plain value, such as intstr.IntOrString
			return !intent.Equal(current)
		}
		for _, pair := range fieldsOf(intent.Type(), current.Type()) {
			if differs(intent.Field(pair.intent), current.Field(pair.current)) {
				return true
			}
		}
		return false
	case reflect.Map:
		for entries := intent.MapRange(); entries.Next(); {
			value := current.MapIndex(entries.Key())
			if !value.IsValid() || differs(entries.Value(), value) {
				return true
			}
		}
		return false
	case reflect.Slice:
		return intent.Len() > 0 && listDiffers(intent, current)
	default:
		return !intent.Equal(current)
	}
}

// mergeKeys: the lists that the API server merges by key; every other list is one value.
var mergeKeys = map[reflect.Type][]string{
	reflect.TypeFor[corev1.Container]():                {"Name"},
	reflect.TypeFor[corev1.EnvVar]():                   {"Name"},
	reflect.TypeFor[corev1.ContainerPort]():            {"ContainerPort", "Protocol"},
	reflect.TypeFor[corev1.ServicePort]():              {"Port", "Protocol"},
	reflect.TypeFor[corev1.Volume]():                   {"Name"},
	reflect.TypeFor[corev1.VolumeMount]():              {"MountPath"},
	reflect.TypeFor[corev1.LocalObjectReference]():     {"Name"},
	reflect.TypeFor[corev1.TopologySpreadConstraint](): {"TopologyKey", "WhenUnsatisfiable"},
	reflect.TypeFor[metav1.OwnerReference]():           {"UID"},
}

func listDiffers(intent, current reflect.Value) bool {
	keys, merged := mergeKeys[current.Type().Elem()]
	if !merged {
		if intent.Len() != current.Len() {
			return true
		}
		for i := range intent.Len() {
			if differs(intent.Index(i), current.Index(i)) {
				return true
			}
		}
		return false
	}
	for i := range intent.Len() {
		if !anyItem(current, func(candidate reflect.Value) bool {
			return sameKey(intent.Index(i), candidate, keys) && !differs(intent.Index(i), candidate)
		}) {
			return true
		}
	}
	return false
}

func anyItem(list reflect.Value, holds func(reflect.Value) bool) bool {
	for i := range list.Len() {
		if holds(list.Index(i)) {
			return true
		}
	}
	return false
}

func sameKey(intent, current reflect.Value, keys []string) bool {
	for _, key := range keys {
		if differs(intent.FieldByName(key), current.FieldByName(key)) {
			return false
		}
	}
	return true
}

type typePair struct{ intent, current reflect.Type }
type fieldPair struct{ intent, current int }

var fieldCache sync.Map // typePair -> []fieldPair

// fieldsOf pairs the fields of an apply configuration with those of its API type: they have the same names,
// but for the suffix of embedded configurations. TypeMeta is identity, not content.
func fieldsOf(intent, current reflect.Type) []fieldPair {
	key := typePair{intent, current}
	if known, ok := fieldCache.Load(key); ok {
		return known.([]fieldPair)
	}
	var out []fieldPair
	for i := range intent.NumField() {
		name := strings.TrimSuffix(intent.Field(i).Name, "ApplyConfiguration")
		if name == "TypeMeta" {
			continue
		}
		field, ok := current.FieldByName(name)
		if !ok || len(field.Index) != 1 {
			panic("apply configuration " + intent.String() + " has " + name + ", " + current.String() + " has not")
		}
		out = append(out, fieldPair{i, field.Index[0]})
	}
	fieldCache.Store(key, out)
	return out
}
