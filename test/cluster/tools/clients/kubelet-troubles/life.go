package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
)

const heartbeatLabel = "klaw.test/heartbeat"

// life is one pod's, from its binding to a node until it is deleted.
type life struct {
	ctx      context.Context
	kubelet  *kubelet
	recorder record.EventRecorder
	pod      *corev1.Pod
}

func (l *life) container() corev1.Container { return l.pod.Spec.Containers[0] }

// sleep is false when the pod is gone.
func (l *life) sleep(duration time.Duration) bool {
	select {
	case <-l.ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

// nodeLives waits as long as the node's kubelet is meant to be dead.
func (l *life) nodeLives() bool {
	for {
		node, err := l.kubelet.nodes.Get(l.pod.Spec.NodeName)
		if err != nil || node.Labels[heartbeatLabel] != "stopped" {
			return l.ctx.Err() == nil
		}
		if !l.sleep(time.Second) {
			return false
		}
	}
}

// update changes the pod's status; it is false when the pod is gone.
func (l *life) update(change func(*corev1.PodStatus)) bool {
	if !l.nodeLives() {
		return false
	}
	pods := l.kubelet.client.CoreV1().Pods(l.pod.Namespace)
	for {
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			pod, err := pods.Get(l.ctx, l.pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if pod.UID != l.pod.UID || pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed {
				l.kubelet.forget(l.pod)
				return nil
			}
			l.pod = pod
			change(&pod.Status)
			_, err = pods.UpdateStatus(l.ctx, pod, metav1.UpdateOptions{})
			return err
		})
		if err == nil || l.ctx.Err() != nil {
			return l.ctx.Err() == nil
		}
		fmt.Fprintf(os.Stderr, "%s/%s: %v\n", l.pod.Namespace, l.pod.Name, err)
		if !l.sleep(time.Second) { // the API server may be restarting
			return false
		}
	}
}

// event concerns the container, as most of a kubelet's do; podEvent the pod as a whole.
func (l *life) event(kind, reason, format string, args ...any) {
	l.post(fmt.Sprintf("spec.containers{%s}", l.container().Name), kind, reason, format, args...)
}

func (l *life) podEvent(kind, reason, format string, args ...any) {
	l.post("", kind, reason, format, args...)
}

func (l *life) post(fieldPath, kind, reason, format string, args ...any) {
	l.recorder.Eventf(&corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: l.pod.Namespace, Name: l.pod.Name, UID: l.pod.UID,
		ResourceVersion: l.pod.ResourceVersion, FieldPath: fieldPath,
	}, kind, reason, format, args...)
}

func (l *life) containerID(attempt int32) string {
	return fmt.Sprintf("containerd://%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", l.pod.UID, attempt)))
}

func (l *life) imageID() string {
	image := l.container().Image
	return fmt.Sprintf("%s@sha256:%x", image, sha256.Sum256([]byte(image)))
}

func (l *life) restarts() int32 {
	if len(l.pod.Status.ContainerStatuses) == 0 {
		return 0
	}
	return l.pod.Status.ContainerStatuses[0].RestartCount
}

func setCondition(status *corev1.PodStatus, kind corev1.PodConditionType, value bool, reason, message string) {
	wanted := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: metav1.Now(),
		Reason: reason, Message: message}
	if value {
		wanted.Status, wanted.Reason, wanted.Message = corev1.ConditionTrue, "", ""
	}
	for i, present := range status.Conditions {
		if present.Type == kind {
			if present.Status == wanted.Status {
				wanted.LastTransitionTime = present.LastTransitionTime
			}
			status.Conditions[i] = wanted
			return
		}
	}
	status.Conditions = append(status.Conditions, wanted)
}

// set writes the container's status and everything of the pod's status that follows from it.
func (l *life) set(phase corev1.PodPhase, container corev1.ContainerStatus) bool {
	container.Name, container.Image = l.container().Name, l.container().Image
	if container.State.Running != nil {
		container.ImageID = l.imageID()
		container.ContainerID = l.containerID(container.RestartCount)
	}
	started := container.State.Running != nil
	container.Started = &started
	return l.update(func(status *corev1.PodStatus) {
		if status.StartTime == nil {
			now := metav1.Now()
			status.StartTime = &now
		}
		hasSandbox := container.State.Waiting == nil || container.State.Waiting.Reason != "ContainerCreating"
		status.Phase = phase
		status.HostIP, status.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
		message := fmt.Sprintf("containers with unready status: [%s]", container.Name)
		setCondition(status, corev1.PodReadyToStartContainers, hasSandbox, "", "")
		setCondition(status, corev1.PodInitialized, true, "", "")
		setCondition(status, corev1.PodReady, container.Ready, "ContainersNotReady", message)
		setCondition(status, corev1.ContainersReady, container.Ready, "ContainersNotReady", message)
		status.ContainerStatuses = []corev1.ContainerStatus{container}
	})
}
