package main

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// trouble plays one pod's life until the pod is gone.
type trouble func(*life)

var troubleByName = map[string]trouble{
	"crash-loop":   crashLoop,
	"oom-kill":     oomKill,
	"image-pull":   imagePull,
	"config-error": configError,
	"mount":        mount,
	"never-ready":  neverReady,
	"exit":         exit,
}

const (
	normal  = corev1.EventTypeNormal
	warning = corev1.EventTypeWarning
)

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func running(since metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}
}

func (l *life) terminated(reason string, code int32, since metav1.Time, attempt int32) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		Reason: reason, ExitCode: code, StartedAt: since, FinishedAt: metav1.Now(), ContainerID: l.containerID(attempt)}}
}

func (l *life) start(container corev1.ContainerStatus) (metav1.Time, bool) {
	if !l.nodeLives() {
		return metav1.Time{}, false
	}
	l.event(normal, "Pulled", "Container image %q already present on machine", l.container().Image)
	l.event(normal, "Created", "Container created")
	l.event(normal, "Started", "Container started")
	now := metav1.Now()
	container.State = running(now)
	return now, l.set(corev1.PodRunning, container)
}

// waitWith repeats the Events of a wait, as a kubelet does on every sync.
func (l *life) waitWith(duration, every time.Duration, post func()) bool {
	for deadline := time.Now().Add(duration); time.Now().Before(deadline); {
		if !l.nodeLives() {
			return false
		}
		post()
		if !l.sleep(min(every, max(time.Until(deadline), time.Millisecond))) {
			return false
		}
	}
	return true
}

// The back-off is a third of a kubelet's, so that a test sees three restarts within twenty seconds.
func crashLoop(l *life) {
	restarts := l.restarts()
	backoff := 3 * time.Second
	var last corev1.ContainerState
	for {
		since, ok := l.start(corev1.ContainerStatus{RestartCount: restarts, LastTerminationState: last, Ready: false})
		if !ok || !l.sleep(2*time.Second) {
			return
		}
		ended := l.terminated("Error", 1, since, restarts)
		if !l.set(corev1.PodRunning, corev1.ContainerStatus{RestartCount: restarts, State: ended, LastTerminationState: last}) ||
			!l.sleep(time.Second) {
			return
		}
		last = ended
		if restarts > 0 {
			state := waiting("CrashLoopBackOff", "back-off "+backoff.String()+" restarting failed container="+
				l.container().Name+" pod="+l.fullName())
			if !l.set(corev1.PodRunning, corev1.ContainerStatus{RestartCount: restarts, State: state, LastTerminationState: last}) ||
				!l.waitWith(backoff, 5*time.Second, func() {
					l.event(warning, "BackOff", "Back-off restarting failed container %s in pod %s", l.container().Name, l.fullName())
				}) {
				return
			}
			backoff = min(2*backoff, 60*time.Second)
		}
		restarts++
	}
}

func (l *life) fullName() string {
	return l.pod.Name + "_" + l.pod.Namespace + "(" + string(l.pod.UID) + ")"
}

func oomKill(l *life) {
	restarts := l.restarts()
	since, ok := l.start(corev1.ContainerStatus{RestartCount: restarts, Ready: true})
	if !ok || restarts > 0 || !l.sleep(5*time.Second) {
		return
	}
	ended := l.terminated("OOMKilled", 137, since, restarts)
	if l.set(corev1.PodRunning, corev1.ContainerStatus{RestartCount: restarts, State: ended}) && l.sleep(500*time.Millisecond) {
		l.start(corev1.ContainerStatus{RestartCount: restarts + 1, LastTerminationState: ended, Ready: true})
	}
}

func imagePull(l *life) {
	image := l.container().Image
	missing := "failed to pull and unpack image \"" + image + "\": not found"
	for backoff := 5 * time.Second; ; backoff = min(2*backoff, time.Minute) {
		if !l.nodeLives() {
			return
		}
		l.event(normal, "Pulling", "Pulling image %q", image)
		l.event(warning, "Failed", "Failed to pull image %q: rpc error: code = NotFound desc = %s", image, missing)
		l.event(warning, "Failed", "Error: ErrImagePull")
		state := waiting("ErrImagePull", "rpc error: code = NotFound desc = "+missing)
		if !l.set(corev1.PodPending, corev1.ContainerStatus{State: state}) || !l.sleep(2*time.Second) {
			return
		}
		state = waiting("ImagePullBackOff", "Back-off pulling image \""+image+"\": ErrImagePull: "+missing)
		if !l.set(corev1.PodPending, corev1.ContainerStatus{State: state}) ||
			!l.waitWith(backoff, 10*time.Second, func() {
				l.event(normal, "BackOff", "Back-off pulling image %q", image)
				l.event(warning, "Failed", "Error: ImagePullBackOff")
			}) {
			return
		}
	}
}

func configError(l *life) {
	const message = `configmap "settings" not found`
	if l.set(corev1.PodPending, corev1.ContainerStatus{State: waiting("CreateContainerConfigError", message)}) {
		l.waitWith(24*time.Hour, 10*time.Second, func() { l.event(warning, "Failed", "Error: %s", message) })
	}
}

func mount(l *life) {
	if l.set(corev1.PodPending, corev1.ContainerStatus{State: waiting("ContainerCreating", "")}) {
		l.waitWith(24*time.Hour, 4*time.Second, func() {
			l.podEvent(warning, "FailedMount", `MountVolume.SetUp failed for volume "certificates" : secret "shop-tls" not found`)
		})
	}
}

func neverReady(l *life) {
	if _, ok := l.start(corev1.ContainerStatus{Ready: false}); ok {
		l.waitWith(24*time.Hour, 5*time.Second, func() {
			l.event(warning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
		})
	}
}

func exit(l *life) {
	since, ok := l.start(corev1.ContainerStatus{Ready: true})
	if ok && l.sleep(time.Second) {
		l.set(corev1.PodFailed, corev1.ContainerStatus{State: l.terminated("Error", 1, since, 0)})
	}
}
