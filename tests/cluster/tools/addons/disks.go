package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// The disk service of the local cluster: dynamic volumes without a helper pod, also for nodes that
// are switched off, because every "disk" is a folder of the one machine below:
//
//	<root>/node-<name>/<volume>  a disk inside that node, mounted there at /run/disks/node
//	<root>/zone-<zone>/<volume>  a network disk every node of the zone can mount, at /run/disks/zone
//
// The StorageClass parameter "scope" (node or zone) chooses. Volumes are of type "local", so fsGroup
// applies; reclaim policy Delete removes the folder.
const (
	provisionerName = "disk.scalableapp.dev"
	folderKey       = provisionerName + "/folder"
)

type diskService struct {
	root   string
	client kubernetes.Interface
}

// place says which label ties the volume to its nodes, with which value.
func (d diskService) place(ctx context.Context, o controller.ProvisionOptions) (scope, label, value string, err error) {
	if o.StorageClass.Parameters["scope"] != "zone" {
		return "node", v1.LabelHostname, o.SelectedNodeName, nil
	}
	node, err := d.client.CoreV1().Nodes().Get(ctx, o.SelectedNodeName, metav1.GetOptions{})
	if err != nil {
		return "", "", "", err
	}
	return "zone", v1.LabelTopologyZone, node.Labels[v1.LabelTopologyZone], nil
}

func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return os.Chmod(path, 0o777) // whatever the umask: pods run as any user
}

func (d diskService) Provision(ctx context.Context, o controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if o.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, errors.New("the class must say volumeBindingMode: WaitForFirstConsumer")
	}
	scope, label, value, err := d.place(ctx, o)
	if err != nil {
		return nil, controller.ProvisioningNoChange, err
	}
	folder := filepath.Join(scope+"-"+value, o.PVName)
	if err := makeFolder(filepath.Join(d.root, folder)); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return volume(o, folder, scope, label, value), controller.ProvisioningFinished, nil
}

func volume(o controller.ProvisionOptions, folder, scope, label, value string) *v1.PersistentVolume {
	mode := v1.PersistentVolumeFilesystem
	here := v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{
		{Key: label, Operator: v1.NodeSelectorOpIn, Values: []string{value}},
	}}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        o.PVName,
			Annotations: map[string]string{folderKey: folder},
			Labels:      map[string]string{label: value},
		},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			MountOptions:                  o.StorageClass.MountOptions,
			VolumeMode:                    &mode,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: o.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource: v1.PersistentVolumeSource{
				Local: &v1.LocalVolumeSource{Path: "/run/disks/" + scope + "/" + o.PVName},
			},
			NodeAffinity: &v1.VolumeNodeAffinity{
				Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{here}},
			},
		},
	}
}

func (d diskService) Delete(_ context.Context, pv *v1.PersistentVolume) error {
	folder := pv.Annotations[folderKey]
	if filepath.Base(folder) != pv.Name || !filepath.IsLocal(folder) {
		return fmt.Errorf("volume %s names a folder that is not ours: %q", pv.Name, folder)
	}
	return os.RemoveAll(filepath.Join(d.root, folder))
}

func runDiskService() error {
	flags := flag.NewFlagSet("disk-service", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "credentials")
	root := flags.String("root", "", "the folder that holds node-* and zone-*")
	_ = flags.Parse(os.Args[1:])
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	controller.NewProvisionController(ctx, client, provisionerName, diskService{*root, client},
		controller.LeaderElection(false), controller.Threadiness(8),
		controller.RetryIntervalMax(5*time.Second),
		controller.FailedProvisionThreshold(0), controller.FailedDeleteThreshold(0)).Run(ctx)
	return nil
}
