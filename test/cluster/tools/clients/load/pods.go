package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
)

const namespaceCount = 5

func loadNamespace(i int) string { return fmt.Sprintf("load-%d", i%namespaceCount) }

func (c *command) makeNamespaces(ctx context.Context) error {
	return c.each(ctx, namespaceCount, func(ctx context.Context, i int) error {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: loadNamespace(i), Labels: map[string]string{loadLabel: "true"}}}
		_, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

func fieldEnv(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func probe(path string) *corev1.Probe {
	return &corev1.Probe{InitialDelaySeconds: 5, PeriodSeconds: 10, TimeoutSeconds: 2, FailureThreshold: 3, SuccessThreshold: 1,
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http"), Scheme: "HTTP"}}}
}

func resources(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// podTemplate has about what a service of a real cluster has: with status and managedFields about 7 KB of JSON.
func podTemplate(name string) corev1.PodTemplateSpec {
	labels := map[string]string{
		"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name + "-production", "app.kubernetes.io/version": "2.14.3",
		"app.kubernetes.io/component": "server", "app.kubernetes.io/part-of": "shop", "app.kubernetes.io/managed-by": "Helm",
		loadLabel: "true",
	}
	app := corev1.Container{
		Name: "server", Image: "shop/" + name + ":2.14.3", ImagePullPolicy: corev1.PullIfNotPresent,
		Args:  []string{"--config=/etc/server/config.yaml", "--log-format=json", "--listen=:8080"},
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "metrics", ContainerPort: 9090}},
		Env: []corev1.EnvVar{
			fieldEnv("POD_NAME", "metadata.name"), fieldEnv("POD_NAMESPACE", "metadata.namespace"), fieldEnv("NODE_NAME", "spec.nodeName"),
			{Name: "DATABASE_URL", Value: "postgres://shop@postgres.platform.svc:5432/" + name},
			{Name: "CACHE_ADDRESS", Value: "redis.platform.svc:6379"}, {Name: "TRACE_SAMPLING", Value: "0.01"},
		},
		Resources:      corev1.ResourceRequirements{Requests: resources("20m", "64Mi"), Limits: resources("500m", "256Mi")},
		LivenessProbe:  probe("/healthz"),
		ReadinessProbe: probe("/readyz"),
		VolumeMounts:   []corev1.VolumeMount{{Name: "config", MountPath: "/etc/server", ReadOnly: true}, {Name: "tmp", MountPath: "/tmp"}},
	}
	proxy := corev1.Container{
		Name: "proxy", Image: "platform/proxy:1.22.1", Args: []string{"proxy", "sidecar", "--concurrency", "2"},
		Ports:     []corev1.ContainerPort{{Name: "http-envoy", ContainerPort: 15090}},
		Env:       []corev1.EnvVar{fieldEnv("INSTANCE_IP", "status.podIP"), {Name: "MESH", Value: "shop.local"}},
		Resources: corev1.ResourceRequirements{Requests: resources("10m", "32Mi"), Limits: resources("200m", "128Mi")},
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{
			"checksum/config":      "5f2c6f9f0a4c1f3c0c5f8c7a0e8b4a1d2e3f405162738495a6b7c8d9eafb0c1d",
			"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "kubectl.kubernetes.io/default-container": "server",
		}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{app, proxy},
			Volumes: []corev1.Volume{
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: name + "-config"}}}},
				{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
			NodeSelector: map[string]string{loadLabel: "true"},
		},
	}
}

func deployment(index int, replicas int32) *appsv1.Deployment {
	name := fmt.Sprintf("service-%d", index)
	template := podTemplate(name)
	limit := int32(2)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: loadNamespace(index), Labels: template.Labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, RevisionHistoryLimit: &limit, Template: template,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": name}},
		},
	}
}

func makePods(ctx context.Context, arguments []string) error {
	c := newCommand("pods")
	count := c.flags.Int("count", 10000, "")
	deployments := c.flags.Int("deployments", 22, "")
	bare := c.flags.Bool("bare", false, "")
	if err := c.connect(arguments); err != nil {
		return err
	}
	if *bare {
		return c.makeBarePods(ctx, *count)
	}
	start := time.Now()
	if err := c.makeNamespaces(ctx); err != nil {
		return err
	}
	err := c.each(ctx, *deployments, func(ctx context.Context, i int) error {
		replicas := *count / *deployments
		if i < *count%*deployments {
			replicas++
		}
		_, err := c.client.AppsV1().Deployments(loadNamespace(i)).Create(ctx, deployment(i, int32(replicas)), metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	ready := 0
	err = wait.PollUntilContextTimeout(ctx, time.Second, 20*time.Minute, true, func(ctx context.Context) (bool, error) {
		list, err := c.client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
		if err != nil {
			return false, err
		}
		ready = 0
		for _, deployment := range list.Items {
			ready += int(deployment.Status.ReadyReplicas)
		}
		return ready >= *count, nil
	})
	fmt.Printf(`{"pods":%d,"ready":%d,"seconds":%.1f}`+"\n", *count, ready, time.Since(start).Seconds())
	return err
}

func clearAll(ctx context.Context, arguments []string) error {
	c := newCommand("clear")
	if err := c.connect(arguments); err != nil {
		return err
	}
	err := c.each(ctx, namespaceCount, func(ctx context.Context, i int) error {
		err := c.client.CoreV1().Namespaces().Delete(ctx, loadNamespace(i), metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, time.Second, 20*time.Minute, true, func(ctx context.Context) (bool, error) {
		list, err := c.client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
		return err == nil && len(list.Items) == 0, err
	})
	if err != nil {
		return err
	}
	return c.client.CoreV1().Nodes().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: loadLabel})
}
