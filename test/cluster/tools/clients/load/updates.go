package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const barePrefix = "bare-"

func barePod(i int) *corev1.Pod {
	template := podTemplate(fmt.Sprintf("service-%d", i%22))
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = fmt.Sprintf("%s%d", barePrefix, i), loadNamespace(i)
	pod.Spec.NodeName = fmt.Sprintf("load-%d", i%100)
	pod.Spec.NodeSelector = nil
	noToken := false
	pod.Spec.AutomountServiceAccountToken = &noToken
	return pod
}

func runningStatus(pod *corev1.Pod, now metav1.Time) corev1.PodStatus {
	started := true
	status := corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "10.0.0.1", PodIP: "10.244.0.1", StartTime: &now,
		QOSClass: corev1.PodQOSBurstable}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions,
			corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, ImageID: "sha256:" + container.Image, Ready: true, Started: &started,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}})
	}
	return status
}

// makeBarePods are Pods with the status of running ones, written without controllers, scheduler or kubelets, so that
// many are there soon and nothing but eventual updates happens to them.
func (c *command) makeBarePods(ctx context.Context, count int) error {
	start := time.Now()
	if err := c.makeNamespaces(ctx); err != nil {
		return err
	}
	err := c.each(ctx, namespaceCount, func(ctx context.Context, i int) error {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
		_, err := c.client.CoreV1().ServiceAccounts(loadNamespace(i)).Create(ctx, account, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	err = c.each(ctx, count, func(ctx context.Context, i int) error {
		pods := c.client.CoreV1().Pods(loadNamespace(i))
		pod, err := pods.Create(ctx, barePod(i), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		pod.Status = runningStatus(pod, metav1.Now())
		_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		return err
	})
	fmt.Printf(`{"pods":%d,"seconds":%.1f}`+"\n", count, time.Since(start).Seconds())
	return err
}

// restarted has what a kubelet would tell of one more restart: a count and a last state that were never there before.
func restarted(pod *corev1.Pod, restarts int) *corev1.Pod {
	now := metav1.Now()
	pod.Status = runningStatus(pod, now)
	container := &pod.Status.ContainerStatuses[0]
	container.RestartCount = int32(restarts)
	container.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: now,
		FinishedAt: now, ContainerID: fmt.Sprintf("containerd://%x", now.UnixNano())}
	return pod
}

// makeUpdates goes from one bare Pod to the next at a rate, or as fast as the server answers where that is slower, until
// the time is over.
func makeUpdates(ctx context.Context, arguments []string) error {
	c := newCommand("updates")
	count := c.flags.Int("count", 10000, "")
	rate := c.flags.Int("rate", 500, "")
	seconds := c.flags.Int("seconds", 60, "")
	if err := c.connect(arguments); err != nil {
		return err
	}
	start := time.Now()
	var done atomic.Int64
	err := c.each(ctx, *rate**seconds, func(ctx context.Context, i int) error {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(*rate))))
		if time.Since(start) > time.Duration(*seconds)*time.Second {
			return nil
		}
		pod := restarted(barePod(i%*count), i / *count + 1)
		_, err := c.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		if err == nil {
			done.Add(1)
		}
		return err
	})
	took := time.Since(start).Seconds()
	fmt.Printf(`{"updates":%d,"seconds":%.1f,"rate":%.1f}`+"\n", done.Load(), took, float64(done.Load())/took)
	return err
}
