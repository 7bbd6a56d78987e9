package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
)

const createdAnnotation = "klaw.test/created-ns"

var samples = []struct{ kind, reason, message string }{
	{"Normal", "Pulled", `Container image "%s" already present on machine and can be accessed by the pod`},
	{"Normal", "Created", "Container created"},
	{"Normal", "Started", "Container started"},
	{"Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"},
	{"Normal", "Killing", "Stopping container server"},
	{"Warning", "BackOff", "Back-off restarting failed container server in pod"},
}

func event(name string, object corev1.ObjectReference, node, kind, reason, message string, when time.Time) *corev1.Event {
	at := metav1.NewTime(when)
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: object.Namespace},
		InvolvedObject: object, Type: kind, Reason: reason, Message: message, Count: 1, FirstTimestamp: at, LastTimestamp: at,
		Source: corev1.EventSource{Component: "kubelet", Host: node}, ReportingController: "kubelet", ReportingInstance: node,
	}
}

func (c *command) somePods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 10000})
	if err == nil && len(list.Items) == 0 {
		err = errors.New("no pods that the Events could be about")
	}
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func makeEvents(ctx context.Context, arguments []string) error {
	c := newCommand("events")
	count := c.flags.Int("count", 0, "")
	rate := c.flags.Int("rate", 0, "")
	seconds := c.flags.Int("seconds", 20, "")
	reason := c.flags.String("reason", "BackOff", "")
	answers := c.flags.String("answers", "", "")
	if err := c.connect(arguments); err != nil {
		return err
	}
	if *rate > 0 {
		return c.eventsAtRate(ctx, *rate, *rate**seconds, *reason, *answers)
	}
	pods, err := c.somePods(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	err = c.each(ctx, *count, func(ctx context.Context, i int) error {
		pod, sample := pods[i%len(pods)], samples[i%len(samples)]
		object := corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
			ResourceVersion: pod.ResourceVersion, FieldPath: "spec.containers{" + pod.Spec.Containers[0].Name + "}"}
		message := sample.message
		if sample.reason == "Pulled" {
			message = fmt.Sprintf(message, pod.Spec.Containers[0].Image)
		}
		name := fmt.Sprintf("%s.%x", pod.Name, start.UnixNano()+int64(i))
		_, err := c.client.CoreV1().Events(pod.Namespace).Create(ctx,
			event(name, object, pod.Spec.NodeName, sample.kind, sample.reason, message, time.Now()), metav1.CreateOptions{})
		return err
	})
	fmt.Printf(`{"events":%d,"seconds":%.1f}`+"\n", *count, time.Since(start).Seconds())
	return err
}

// eventsAtRate keeps to the schedule whatever the server's answers take: Event i is due i/rate seconds after the start.
func (c *command) eventsAtRate(ctx context.Context, rate, count int, reason, answersFile string) error {
	if err := c.makeNamespaces(ctx); err != nil {
		return err
	}
	start := time.Now()
	var mutex sync.Mutex
	var late, answer []time.Duration
	var answers strings.Builder
	err := c.each(ctx, count, func(ctx context.Context, i int) error {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		created := time.Now()
		stamp := strconv.FormatInt(created.UnixNano(), 10)
		pod := fmt.Sprintf("latency-%x-%d", start.UnixNano(), i)
		object := corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: loadNamespace(i), Name: pod,
			UID: types.UID(uuid.NewUUID()), FieldPath: "spec.containers{server}"}
		made := event(fmt.Sprintf("%s.%x", pod, created.UnixNano()), object, fmt.Sprintf("load-%d", i%100), "Warning", reason,
			"Back-off restarting failed container server, created at "+stamp, created)
		made.Annotations = map[string]string{createdAnnotation: stamp}
		_, err := c.client.CoreV1().Events(object.Namespace).Create(ctx, made, metav1.CreateOptions{})
		answered := time.Now()
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Fprintf(&answers, "%s %d\n", stamp, answered.UnixNano())
		late, answer = append(late, created.Sub(due)), append(answer, answered.Sub(created))
		return err
	})
	seconds := time.Since(start).Seconds()
	fmt.Printf(`{"events":%d,"seconds":%.2f,"rate":%.1f,"late_p99_ms":%.2f,"answer_p50_ms":%.2f,"answer_p99_ms":%.2f}`+"\n",
		len(answer), seconds, float64(len(answer))/seconds, percentile(late, 99), percentile(answer, 50), percentile(answer, 99))
	if answersFile != "" {
		err = errors.Join(err, os.WriteFile(answersFile, []byte(answers.String()), 0o600))
	}
	return err
}

func percentile(durations []time.Duration, percent int) float64 {
	if len(durations) == 0 {
		return 0
	}
	slices.Sort(durations)
	return float64(durations[(len(durations)-1)*percent/100].Microseconds()) / 1000
}
