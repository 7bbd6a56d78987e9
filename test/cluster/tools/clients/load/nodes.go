package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const loadLabel = "klaw.test/load"

func node(name string, index int) *corev1.Node {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("500Gi"),
		corev1.ResourcePods:             resource.MustParse("200"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Annotations: map[string]string{
				"kwok.x-k8s.io/node":                                     "fake",
				"metrics.k8s.io/resource-metrics-path":                   "/metrics/nodes/" + name + "/metrics/resource",
				"node.alpha.kubernetes.io/ttl":                           "0",
				"volumes.kubernetes.io/controller-managed-attach-detach": "true",
			},
			Labels: map[string]string{
				loadLabel: "true", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
				"topology.kubernetes.io/zone": fmt.Sprintf("zone-%d", index%3+1), "node.kubernetes.io/instance-type": "m.16xlarge",
			},
		},
		Status: corev1.NodeStatus{Allocatable: resources, Capacity: resources, NodeInfo: corev1.NodeSystemInfo{
			Architecture: "amd64", OperatingSystem: "linux", KubeletVersion: "v1.36.3", KernelVersion: "6.12.0",
			ContainerRuntimeVersion: "containerd://2.1.4", OSImage: "Debian GNU/Linux 13",
		}},
	}
}

func isReady(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func makeNodes(ctx context.Context, arguments []string) error {
	c := newCommand("nodes")
	count := c.flags.Int("count", 100, "")
	if err := c.connect(arguments); err != nil {
		return err
	}
	start := time.Now()
	nodes := c.client.CoreV1().Nodes()
	err := c.each(ctx, *count, func(ctx context.Context, i int) error {
		_, err := nodes.Create(ctx, node(fmt.Sprintf("load-%d", i), i), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	ready := 0
	err = wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		list, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
		if err != nil {
			return false, err
		}
		ready = 0
		for _, node := range list.Items {
			if isReady(node) {
				ready++
			}
		}
		return ready >= *count, nil
	})
	fmt.Printf(`{"nodes":%d,"ready":%d,"seconds":%.1f}`+"\n", *count, ready, time.Since(start).Seconds())
	return err
}
