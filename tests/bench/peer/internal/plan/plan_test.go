package plan

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"scalableapp.dev/tests/bench/peer/api/v1alpha1"
	"sigs.k8s.io/yaml"
)

const root = "../../../../.."

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// schemaOf is the resource's definition, for the defaults that an API server fills in.
func schemaOf(t *testing.T) *structuralschema.Structural {
	t.Helper()
	var definition apiextensionsv1.CustomResourceDefinition
	readYAML(t, filepath.Join(root, "crds/scalableapps.yaml"), &definition)
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		t.Fatal(err)
	}
	out, err := structuralschema.NewStructural(&internal)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withoutForeign takes away what only the operator has (zones, what stands in front of the web tier): there is no
// such tier here to compare.
func withoutForeign(spec map[string]any) {
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[v1alpha1.ScalableAppSpec]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[name] = true
	}
	maps.DeleteFunc(spec, func(name string, _ any) bool { return !known[name] })
}

// readApp reads a manifest as the API server would serve it.
func readApp(t *testing.T, file string) (*v1alpha1.ScalableApp, map[string]any) {
	t.Helper()
	var object map[string]any
	readYAML(t, file, &object)
	metadata := object["metadata"].(map[string]any)
	metadata["uid"] = "5f6c1a52-8a2f-4b55-9d8e-6f6f4a1f0001"
	metadata["namespace"] = "bench"
	withoutForeign(object["spec"].(map[string]any))
	schema := schemaOf(t)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, schema)
	defaulting.Default(object, schema)
	app := &v1alpha1.ScalableApp{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, app); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return app, object
}

// canonical: quantities as the API server prints them, and without the fingerprint that each side makes its own way.
func canonical(t *testing.T, object any) any {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if annotations, ok := out["metadata"].(map[string]any)["annotations"].(map[string]any); ok {
		delete(annotations, HashAnnotation)
		if len(annotations) == 0 {
			delete(out["metadata"].(map[string]any), "annotations")
		}
	}
	canonicalQuantities(out, "")
	return out
}

func canonicalQuantities(value any, name string) {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			text, isText := item.(string)
			if quantity, err := resource.ParseQuantity(text); isText && err == nil && (name == "requests" || name == "limits") {
				value[key] = quantity.String()
			}
			canonicalQuantities(item, key)
		}
	case []any:
		for _, item := range value {
			canonicalQuantities(item, "")
		}
	}
}

// TestSameIntents: for the web tier of every example and every valid case, the objects are those that the operator plans.
func TestSameIntents(t *testing.T) {
	plugin := os.Getenv("KUBECTL_SCALABLEAPP")
	if plugin == "" {
		t.Skip("KUBECTL_SCALABLEAPP names no kubectl-scalableapp to compare with")
	}
	var files []string
	for _, pattern := range []string{"examples/stages/*.yaml", "tests/api/cases/valid/*.yaml", "tests/bench/cases/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no such file (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			app, object := readApp(t, file)
			theirs := planned(t, plugin, object)
			intents, scale, err := webIntents(app)
			if err != nil {
				t.Fatal(err)
			}
			if len(intents) != len(theirs) {
				t.Fatalf("%d objects, the operator plans %d", len(intents), len(theirs))
			}
			for i := range intents {
				mine := canonical(t, intents[i].Configuration)
				if scale != nil && intents[i].Kind == "Deployment" {
					mine.(map[string]any)["spec"].(map[string]any)["replicas"] = float64(scale.Replicas)
				}
				if want := canonical(t, theirs[i]); !reflect.DeepEqual(mine, want) {
					t.Errorf("%s differs\nmine: %s\noperator: %s", intents[i].Kind, pretty(mine), pretty(want))
				}
			}
		})
	}
}

// planned asks the operator's plug-in for its objects.
func planned(t *testing.T, plugin string, object map[string]any) []map[string]any {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(plugin, "plan", "-f", file, "-o", "json")
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func pretty(value any) string {
	text, _ := json.MarshalIndent(value, "", " ")
	return string(text)
}

// served turns an intent into what the API server would hold: its fields, defaults, and other people's marks.
func served(t *testing.T, intent *Intent) {
	t.Helper()
	text, err := json.Marshal(intent.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, intent.Empty); err != nil {
		t.Fatal(err)
	}
	annotations := intent.Empty.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["example.com/note"] = "somebody's"
	intent.Empty.SetAnnotations(annotations)
	if service, ok := intent.Empty.(*corev1.Service); ok {
		service.Spec.ClusterIPs = []string{"10.96.0.7"}
		service.Spec.SessionAffinity = corev1.ServiceAffinityNone
	}
}

func TestDiffersOnlyWhereOwned(t *testing.T) {
	app, _ := readApp(t, filepath.Join(root, "tests/api/cases/valid/whole.yaml"))
	intents, _, err := webIntents(app)
	if err != nil {
		t.Fatal(err)
	}
	for i := range intents {
		intent := &intents[i]
		served(t, intent)
		if Differs(intent, intent.Empty) {
			t.Errorf("%s: differs from what it asks for", intent.Kind)
		}
		intent.Empty.SetLabels(map[string]string{v1alpha1.AppLabel: "another"})
		if !Differs(intent, intent.Empty) {
			t.Errorf("%s: a changed label is not seen", intent.Kind)
		}
	}
	service := &intents[0]
	served(t, service)
	service.Empty.(*corev1.Service).Spec.Ports[0].TargetPort.StrVal = "other"
	if !Differs(service, service.Empty) {
		t.Error("a changed port is not seen")
	}
}

func TestSinglePointsArePlacesThatAllReadyPodsShare(t *testing.T) {
	pod := func(node, zone string) *corev1.Pod {
		out := &corev1.Pod{Spec: corev1.PodSpec{NodeName: node}}
		if zone != "" {
			out.Labels = map[string]string{corev1.LabelTopologyZone: zone}
		}
		return out
	}
	two := int32(2)
	web := &v1alpha1.Web{Replicas: &two}
	for _, one := range []struct {
		pods []*corev1.Pod
		want string
	}{
		{[]*corev1.Pod{pod("n1", "z1"), pod("n1", "z1")}, "node n1"},
		{[]*corev1.Pod{pod("n1", "z1"), pod("n2", "z1")}, "all replicas in zone z1"},
		{[]*corev1.Pod{pod("n1", "z1"), pod("n2", "z2")}, ""},
		{[]*corev1.Pod{pod("n1", ""), pod("n2", "")}, ""},
		{[]*corev1.Pod{pod("", ""), pod("", "")}, ""},
		{[]*corev1.Pod{pod("n1", "z1")}, ""},
	} {
		got := ""
		if points := singlePoints(web, &workload{readyPods: one.pods}); len(points) > 0 {
			got = points[0].What
		}
		if got != one.want {
			t.Errorf("%d pods: %q, want %q", len(one.pods), got, one.want)
		}
	}
}

func TestRootCauseTellsTheDeepest(t *testing.T) {
	pod := func(name string, waiting *corev1.ContainerStateWaiting) corev1.Pod {
		out := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
		out.Status.ContainerStatuses = []corev1.ContainerStatus{{Image: "shop:1.9", State: corev1.ContainerState{Waiting: waiting}}}
		return out
	}
	pull := &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "manifest unknown"}
	pods := []corev1.Pod{pod("a", nil), pod("b", pull), pod("c", pull)}
	w := workload{upToDate: true, deployment: &appsv1.Deployment{}, current: &appsv1.ReplicaSet{}}
	for i := range pods {
		w.pods = append(w.pods, &pods[i])
	}
	cause := rootCause(&w)
	if cause == nil || cause.Text("web") != `web: ImagePullBackOff "shop:1.9": not found (2 pods)`+"; correct `web.image` or push it" {
		t.Errorf("the cause is %+v", cause)
	}
}
